//! What does one record look like to the one who asks for it, and what may they do with it?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;
use uuid::Uuid;

use super::{
    annotate::{self, NoteView},
    approvals::{self, LifeView},
    audit::telling::{self, EntryView, Place, name, when},
    bearings, create, delete,
    display::{Shown, TimeShown, Tone, return_to},
    edit,
    frame::{Crumb, Frame},
    history::{
        self,
        last_set::{LastSet, last_set},
    },
    inbox, ledger,
    local_path::local,
    offers::{self, Offer},
    query, related,
    response::page,
    shown::{self, Viewer, shown},
    urls, verbs,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::{
        entry::Log,
        history::{Before, HistoryGrant, deletion, entries, was_deleted},
        trail::{self as log_trail, TrailGrant},
    },
    auth::{grant::Grant, policy::Action},
    db::pool::{Connection, DatabaseError},
    error::{PageError, WayOn},
    operations::ledger::drifts,
    resource::{
        Kind, Resource,
        record::Record,
        store::{self, StoreError},
    },
};

/// Entries of its history that a record shows.
const NEWEST: i64 = 20;

#[derive(Template)]
#[template(path = "resource/show.html")]
struct ShowPage<'a> {
    frame: Frame,
    id: Uuid,
    label: String,
    badge: Option<Badge>,
    offers: Vec<Offer>,
    withheld: bool,
    frozen: Option<FrozenNote>,
    facts: Vec<Fact<'a>>,
    related: Vec<related::RelatedView<'a>>,
    elsewhere: Vec<related::Elsewhere>,
    decisions: Option<LifeView>,
    /// What it tells, where it is an entry of a log.
    told: Option<EntryView>,
    may_read_history: bool,
    /// What auditors said of it then.
    notes: Option<Vec<NoteView>>,
    history: Option<Vec<EntryView>>,
    last_set: Vec<LastSet>,
    history_url: String,
}

/// The state in the head of the page.
struct Badge {
    label: &'static str,
    tone: Tone,
    icon: &'static str,
}

pub struct Fact<'a> {
    pub column: &'static str,
    pub label: &'static str,
    pub shown: Shown<'a>,
}

/// Everything that is about one record; what stands in an id's place comes first.
pub fn record_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/tables/{table}/new").get(create::blank))
        .service(web::resource("/tables/{table}/{id}").get(show).post(edit::save))
        .service(web::resource("/tables/{table}/{id}/edit").get(edit::open))
        .service(web::resource("/tables/{table}/{id}/delete").get(delete::ask).post(delete::delete))
        .service(web::resource("/tables/{table}/{id}/history").get(history::show))
        .service(web::resource("/tables/{table}/{id}/{verb}").get(verbs::ask).post(verbs::act));
}

/// GET /tables/{table}/{id}
pub async fn show(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let resource = resource(&console, &path.0)?;
    let id = record_id(&path.1)?;
    let back = back(&query::pairs(&request)?, &[])?;
    let (connection, grant, record) = readable(&console, &visit, resource, id).await?;
    let here = with_back(urls::record_url(resource, id), back.as_deref());
    let encoded = return_to(&here);
    let now = Utc::now();
    let viewer = Viewer::new(&visit.actor, &grant, now).leading_back_to(&encoded);
    let log = HistoryGrant::of(&visit.actor, &console.registry);
    // An entry of a log is never changed: it has no history to show but itself.
    let is_entry = Log::named(resource.table).is_some();
    let history = async {
        match log.filter(|_| !is_entry) {
            None => Ok((None, Vec::new())),
            Some(log) => {
                let entries = entries(&connection, log, &grant, id, Before::NOW, NEWEST).await?;
                // Of a record without an entry nobody is known.
                let setters = if entries.is_empty() { Vec::new() } else { last_set(&record, &entries, viewer.zone, now) };
                let place = Place::Own { resource, id, current: Some(&record) };
                let views = history::views(&connection, &visit, &console, place, entries).await?;
                Ok((Some(views), setters))
            }
        }
    };
    let ((history, last_set), (related, mut elsewhere), bearings, frozen, decisions, told, notes) = tokio::try_join!(
        history,
        related::of(&connection, &console.registry, &visit, &record),
        bearings::of(&connection, &grant, &record),
        frozen(&console, &visit, &connection, &record),
        approvals::life(&console, &visit, &connection, &record),
        // Beside the others it would lie on the stack of every record, which has none.
        Box::pin(told(&console, &visit, &connection, &record)),
        annotate::notes(&visit, &connection, resource, id)
    )?;
    elsewhere.extend(inbox::subject(&record));
    let label = match told.as_ref().and_then(|told| told.at.as_ref()) {
        Some(at) => format!("Entry of {at}"),
        None => record.label(),
    };
    // The id stands on top.
    let facts = record.fields().filter(|(column, _)| column.shown && column.name != "id");
    let mut facts: Vec<_> =
        facts.map(|(column, cell)| Fact { column: column.name, label: column.label, shown: shown(column, cell, &viewer) }).collect();
    bearings.add_to(&mut facts, &encoded);
    let frame = Frame::for_page(&console, &visit, &request, label.clone(), trail(resource, back.as_deref(), &[(&label, None)]));
    let mut offers = offers::offers(&visit.actor, resource, &record, back.as_deref());
    bearings.amend(&mut offers, &console, &visit, &record, back.as_deref());
    let template = ShowPage {
        frame,
        id,
        badge: badge(&record),
        withheld: offers.iter().any(|offer| matches!(offer, Offer::Withheld { .. })),
        offers,
        frozen,
        facts,
        related: related.iter().map(|related| related.view(&visit.actor, now, &encoded)).collect(),
        elsewhere,
        decisions,
        told,
        may_read_history: log.is_some(),
        notes,
        history,
        last_set,
        history_url: with_back(urls::history_url(resource, id), back.as_deref()),
        label,
    };
    Ok(page(&request, StatusCode::OK, &template))
}

/// That nothing is decided on this account, and why.
struct FrozenNote {
    since: TimeShown,
    reason: String,
    /// Its drift, for whoever may read the ledger's proof.
    href: Option<String>,
}

async fn frozen(console: &Console, visit: &Visit, connection: &Connection, record: &Record) -> Result<Option<FrozenNote>, DatabaseError> {
    if record.resource.table != "accounts" {
        return Ok(None);
    }
    let frozen = drifts::frozen_account(connection, record.id).await?;
    Ok(frozen.map(|frozen| FrozenNote {
        since: TimeShown::new(frozen.since, visit.actor.preferences.time_zone, Utc::now()),
        reason: frozen.reason,
        href: ledger::may_read(console, visit).then(|| urls::drift_url(record.id)),
    }))
}

/// An entry of a log, told as the trail tells it.
async fn told(console: &Console, visit: &Visit, connection: &Connection, record: &Record) -> Result<Option<EntryView>, DatabaseError> {
    let (Some(log), Some(Ok(grant))) = (Log::named(record.resource.table), TrailGrant::ask(&visit.actor, &console.registry, Action::Read))
    else {
        return Ok(None);
    };
    let place = log_trail::place::Place { at: record.value("created_at").as_time(), id: record.id, log };
    let entries = log_trail::entries::at(connection, grant, &console.registry, &[place]).await?;
    Ok(telling::one_by_one(connection, visit, &console.registry, &entries).await?.pop())
}

/// The first toned choice, or whether it is active: what has run out is not, although nobody ended it.
fn badge(record: &Record) -> Option<Badge> {
    let choice = record.fields().find_map(|(column, cell)| match column.kind {
        Kind::Choice(choices) if column.shown => {
            let choice = choices.iter().find(|choice| Some(choice.value) == cell.value.as_text())?;
            (choice.tone != crate::resource::Tone::Plain).then(|| Badge {
                label: choice.label,
                tone: shown::tone(choice.tone),
                icon: choice.icon,
            })
        }
        _ => None,
    });
    choice.or_else(|| match record.value("is_active").as_bool()? {
        true if has_run_out(record) => Some(Badge { label: "Expired", tone: Tone::Off, icon: "clock" }),
        true => Some(Badge { label: "Active", tone: Tone::Done, icon: "completed" }),
        false => Some(Badge { label: "Inactive", tone: Tone::Off, icon: "cancelled" }),
    })
}

fn has_run_out(record: &Record) -> bool {
    record.value("expires_at").as_time().is_some_and(|expires| expires <= Utc::now().into())
}

/// # Errors
/// 404 for a table nobody declared.
pub fn resource(console: &Console, table: &str) -> Result<&'static Resource, PageError> {
    console.registry.find(table).ok_or_else(|| PageError::not_found("table with this name"))
}

/// Ids are written in one way, so that a record has one address.
///
/// # Errors
/// 400 for anything but a hyphenated uuid.
pub fn record_id(text: &str) -> Result<Uuid, PageError> {
    let malformed = || PageError::bad_request("The address holds no id: one looks like 01935e0a-7c41-7b1e-9f02-4d8a6611c3e7");
    if text.len() != 36 {
        return Err(malformed());
    }
    Uuid::try_parse(text).map_err(|_| malformed())
}

/// The record, as far as this actor may read it.
///
/// # Errors
/// 403 with the roles that may; 404, which says of a deleted record that it was.
pub async fn readable(
    console: &Console,
    visit: &Visit,
    resource: &'static Resource,
    id: Uuid,
) -> Result<(Connection, Grant, Record), PageError> {
    let grant = visit.actor.authorize(Action::Read, resource)?;
    let connection = console.database.read().await?;
    match store::record(&connection, &grant, id).await {
        Ok(record) => Ok((connection, grant, record)),
        Err(StoreError::Missing) => Err(missing(console, visit, &connection, &grant, id).await?),
        Err(error) => Err(error.into()),
    }
}

/// Why there is no such record, told as far as this actor may know.
pub async fn missing(console: &Console, visit: &Visit, connection: &Connection, grant: &Grant, id: Uuid) -> Result<PageError, PageError> {
    let resource = grant.resource();
    let what = format!("{} with this id", resource.singular);
    let mut ways = vec![WayOn::new(format!("All {}", resource.several()), urls::list_url(resource))];
    if !was_deleted(connection, grant, id).await? {
        return Ok(PageError::NotFound { what, detail: None, ways });
    }
    let mut detail = format!("This {} has been deleted.", resource.singular);
    if let Some(log) = HistoryGrant::of(&visit.actor, &console.registry) {
        if let Some(entry) = deletion(connection, log, grant, id).await? {
            let when = when(&entry.at, visit.actor.preferences.time_zone, Utc::now());
            detail = format!("It was deleted by {} on {when}.", name(&entry.doer));
        }
        ways.insert(0, WayOn::new("What happened to it", urls::history_url(resource, id)));
    }
    Ok(PageError::NotFound { what, detail: Some(detail), ways })
}

/// Where the list is that somebody came from: `return=`, an address of this console and nothing else.
///
/// # Errors
/// 400 for any parameter that is neither it nor one of `others`, and for an address elsewhere.
pub fn back(pairs: &[(String, String)], others: &[&str]) -> Result<Option<String>, PageError> {
    if let Some((name, _)) = pairs.iter().find(|(name, _)| name != "return" && !others.contains(&name.as_str())) {
        return Err(PageError::bad_request(format!("This page knows no parameter “{name}”")));
    }
    match pairs.iter().find(|(name, value)| name == "return" && !value.is_empty()) {
        None => Ok(None),
        Some((_, path)) => {
            local(path).map(|path| Some(path.to_owned())).ok_or_else(|| PageError::bad_request("“return” leads to a page of this console"))
        }
    }
}

pub fn with_back(url: String, back: Option<&str>) -> String {
    match back {
        Some(back) => urls::with_return(&url, back),
        None => url,
    }
}

/// The breadcrumbs from the list to here; the list is the one somebody came from.
pub fn trail(resource: &Resource, back: Option<&str>, steps: &[(&str, Option<String>)]) -> Vec<Crumb> {
    // Somebody may come from another table's record: then the way back is its own step.
    let list = urls::list_url(resource);
    let comes_from_list = back.is_some_and(|back| back == list || back.starts_with(&format!("{list}?")));
    let mut crumbs = Vec::with_capacity(steps.len() + 2);
    match back {
        Some(back) if comes_from_list => crumbs.push(Crumb { label: resource.plural.to_owned(), href: Some(back.to_owned()) }),
        Some(back) => {
            crumbs.push(Crumb { label: "Back".to_owned(), href: Some(back.to_owned()) });
            crumbs.push(Crumb { label: resource.plural.to_owned(), href: Some(list) });
        }
        None => crumbs.push(Crumb { label: resource.plural.to_owned(), href: Some(list) }),
    }
    crumbs.extend(steps.iter().map(|(label, href)| Crumb { label: (*label).to_owned(), href: href.clone() }));
    crumbs
}
