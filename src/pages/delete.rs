//! What stands in the way of deleting a record, and what happens when nothing does?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;

use super::{
    display::Counted,
    edit::{carried_back, leave},
    frame::{FlashKind, Frame},
    offers, query,
    record::{back, readable, record_id, resource, trail, with_back},
    refusal,
    related::counted,
    response::page,
    stuck, urls,
    visit::Visit,
};
use crate::{
    app::Console,
    auth::policy::Action,
    db::{
        pool::{Connection, DatabaseError},
        violation::ViolationKind,
        write::Write,
    },
    error::PageError,
    resource::{
        Removal, Resource,
        column::Input,
        form::Submission,
        record::Record,
        registry::Referrer,
        store::{self, Count, StoreError},
    },
    workflows::{self, WorkflowError},
};

#[derive(Template)]
#[template(path = "resource/delete.html")]
struct DeletePage<'a> {
    frame: Frame,
    resource: &'static Resource,
    label: String,
    action: String,
    record_url: String,
    version: String,
    back: Option<&'a str>,
    /// Records of this table are never deleted: why, and what instead.
    never: Option<&'static str>,
    referring: Vec<Referring>,
    instead: Option<offers::Offer>,
    failed: bool,
}

/// Records of one table that refer to this one.
struct Referring {
    title: String,
    count: Counted,
    /// The list of them, where this actor may read it.
    href: Option<String>,
}

/// GET /tables/{table}/{id}/delete
pub async fn ask(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let resource = resource(&console, &path.0)?;
    let id = record_id(&path.1)?;
    let back = back(&query::pairs(&request)?, &[])?;
    if let Removal::Delete = resource.removal {
        let _ = visit.actor.authorize(Action::Delete, resource)?;
    }
    let (connection, _, record) = readable(&console, &visit, resource, id).await?;
    draw(&request, &console, &visit, &connection, &record, back.as_deref(), StatusCode::OK).await
}

/// POST /tables/{table}/{id}/delete
pub async fn delete(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<(String, String)>,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let resource = resource(&console, &path.0)?;
    let id = record_id(&path.1)?;
    let back = carried_back(&submission)?;
    let (connection, _, record) = readable(&console, &visit, resource, id).await?;
    if let Removal::Never(_) = resource.removal {
        return draw(&request, &console, &visit, &connection, &record, back.as_deref(), StatusCode::CONFLICT).await;
    }
    let grant = visit.actor.authorize(Action::Delete, resource)?;
    let seen = submission.get("version").filter(|version| !version.is_empty());
    drop(connection);
    let write = Write::begin(&console.database, &visit.origin).await?;
    // What falls through is drawn again as it stands now, with what is in the way.
    match workflows::delete(&write, &console.registry, &grant, id).await {
        Ok(gone) if seen != Some(gone.version().as_str()) => {}
        Ok(gone) => {
            write.commit().await?;
            let list = back.unwrap_or_else(|| urls::list_url(resource));
            // The way back may have been the record itself.
            let to = if list.starts_with(&urls::record_url(resource, id)) { urls::list_url(resource) } else { list };
            return Ok(leave(&console, &to, FlashKind::Done, &format!("The {} “{}” is deleted.", resource.singular, gone.label())));
        }
        Err(WorkflowError::Store(StoreError::Referred(_) | StoreError::NeverDeleted(_))) => {}
        Err(WorkflowError::Store(StoreError::Database(DatabaseError::Violation(violation))))
            if violation.kind == ViolationKind::ForeignKey => {}
        Err(WorkflowError::Stranded(stranded)) => {
            drop(write);
            let connection = console.database.read().await?;
            let ways = stuck::list(&connection, &stranded).await?.ways();
            return Err(PageError::Conflict { what: stranded.to_string(), ways });
        }
        Err(error) => return Err(refusal::page(error)),
    }
    drop(write);
    let (connection, _, record) = readable(&console, &visit, resource, id).await?;
    draw(&request, &console, &visit, &connection, &record, back.as_deref(), StatusCode::CONFLICT).await
}

async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    connection: &Connection,
    record: &Record,
    back: Option<&str>,
    status: StatusCode,
) -> Result<HttpResponse, PageError> {
    let resource = record.resource;
    let may_delete = visit.actor.may(Action::Delete, resource);
    let mut referring = store::referring(connection, &console.registry, resource, record.id).await?;
    if !may_delete {
        // A count tells as much as a list does; only whoever could delete needs all that stands in the way.
        referring.retain(|(referrer, _)| visit.actor.sees_labels_of(referrer.resource));
    }
    let never = match resource.removal {
        Removal::Never(why) => Some(why),
        Removal::Delete => None,
    };
    let instead = if never.is_some() || !referring.is_empty() { alternative(visit, record, back) } else { None };
    let failed = status == StatusCode::CONFLICT;
    let label = record.label();
    let record_url = with_back(urls::record_url(resource, record.id), back);
    let crumbs = trail(resource, back, &[(&label, Some(record_url.clone())), ("Delete", None)]);
    let title = if failed { format!("Error: {label} was not deleted") } else { format!("Delete {label}") };
    let template = DeletePage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        resource,
        action: urls::delete_url(resource, record.id),
        record_url,
        version: record.version(),
        back,
        never,
        referring: referring.into_iter().map(|(referrer, count)| named(visit, record, referrer, count)).collect(),
        instead: instead.filter(|_| never.is_some() || may_delete),
        failed,
        label,
    };
    Ok(page(request, status, &template))
}

fn named(visit: &Visit, record: &Record, referrer: Referrer, count: Count) -> Referring {
    let Referrer { resource, column } = referrer;
    let may_follow = column.filterable && visit.actor.may(Action::Read, resource);
    Referring {
        title: format!("{} ({})", resource.plural, column.label.to_lowercase()),
        count: counted(count),
        href: may_follow.then(|| urls::referring_url(resource, column.name, record.id)),
    }
}

/// What to do with a record that cannot go: the verb that ends it, or the form that makes it inactive.
fn alternative(visit: &Visit, record: &Record, back: Option<&str>) -> Option<offers::Offer> {
    let ends = |offer: &offers::Offer| match offer {
        offers::Offer::Link { action, .. } => matches!(action, Action::Deactivate | Action::Withdraw | Action::Revoke),
        offers::Offer::Withheld { action, .. } => matches!(action, Action::Deactivate | Action::Withdraw | Action::Revoke),
    };
    let can_be_switched_off = record.resource.column("is_active").is_some_and(|column| column.on_edit != Input::Never)
        && record.value("is_active").as_bool() != Some(false);
    let offers = offers::offers(&visit.actor, record.resource, record, back);
    let (mut ending, rest): (Vec<_>, Vec<_>) = offers.into_iter().partition(ends);
    ending.pop().or_else(|| rest.into_iter().find(offers::Offer::is_edit).filter(|_| can_be_switched_off))
}
