//! What proves that the logs were not altered, and how does an outsider take a proof away?

mod files;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;
use uuid::Uuid;

use super::{
    display::{Grouped, TimeShown},
    edit::leave,
    frame::{Crumb, FlashKind, Frame},
    query,
    response::page,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::{
        entry::Log,
        seal::{
            checkpoint::{Chain, Checkpoint},
            earlier::{self, Inconsistent, PAGE},
            evidence::{self, Evidence},
            examination::{self, BeginError, Begun, Outcome, Progress},
            key::PublicKey,
            store::{self, Kept, Standing},
        },
    },
    auth::{grant::Grant, policy::Action},
    db::pool::{Connection, DatabaseError},
    error::PageError,
    resource::{Resource, form::Submission},
};

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource(urls::LOG_PROOF).get(show))
        .service(web::resource(urls::LOG_VERIFICATION).post(verify))
        .service(web::resource(urls::CHECKPOINT).get(files::checkpoint))
        .service(web::resource("/audit/proof/{log}/{entry}.{file}").get(files::of_entry));
}

fn log(console: &Console, log: Log) -> Result<&'static Resource, PageError> {
    console.registry.find(log.table()).ok_or_else(|| PageError::not_found("log in this console"))
}

/// Both logs are sealed into one, so whoever asks about it may read the proof of both.
fn authorized(console: &Console, visit: &Visit) -> Result<Grant, PageError> {
    let _ = visit.actor.authorize(Action::Verify, log(console, Log::Registry)?)?;
    Ok(visit.actor.authorize(Action::Verify, log(console, Log::Main)?)?)
}

/// Whether the proof is in this actor's navigation.
pub fn may_read(console: &Console, visit: &Visit) -> bool {
    authorized(console, visit).is_ok()
}

struct Newest {
    at: Option<TimeShown>,
    root: String,
    origin: String,
    keys: Vec<KeyRow>,
}

struct KeyRow {
    label: &'static str,
    text: String,
    remark: Option<&'static str>,
}

struct Last {
    at: TimeShown,
    who: String,
    what: String,
    findings: Vec<FindingRow>,
    more: u64,
}

struct FindingRow {
    id: String,
    what: String,
    href: Option<String>,
}

struct Found {
    log: &'static str,
    record: String,
    position: Option<u64>,
    proof: String,
    evidence: Taken,
}

/// Whether the entry itself can be taken away.
enum Taken {
    At(String),
    Withheld,
    Gone,
}

struct CheckpointRow {
    id: Uuid,
    href: String,
    size: u64,
    at: Option<TimeShown>,
    root: String,
    key: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "audit/proof.html")]
struct ProofPage {
    frame: Frame,
    problem: Option<String>,
    sealed: u64,
    waiting: String,
    is_swept: bool,
    newest: Option<Newest>,
    outside: Option<String>,
    /// The log counts fewer entries than a checkpoint that left it.
    cut: Option<String>,
    running: Option<String>,
    last: Option<Last>,
    sought: String,
    /// What is sought can be the id of no entry.
    is_no_id: bool,
    found: Vec<Found>,
    command_key: Option<String>,
    checkpoints: Vec<CheckpointRow>,
    is_paged: bool,
    earlier: Option<String>,
}

/// What the address asks for.
#[derive(Default)]
struct Asked {
    /// As it was typed into the page's own box.
    entry: Option<String>,
    before: Option<Uuid>,
}

impl Asked {
    fn of(request: &HttpRequest) -> Result<Asked, PageError> {
        let mut asked = Asked::default();
        for (name, value) in query::pairs(request)?.into_iter().filter(|(_, value)| !value.is_empty()) {
            let earlier = match name.as_str() {
                "entry" => asked.entry.replace(value.trim().to_owned()).is_some(),
                "before" => {
                    let id = value.parse().map_err(|_| PageError::bad_request(format!("“{name}” is not the id of anything")))?;
                    asked.before.replace(id).is_some()
                }
                _ => return Err(PageError::bad_request(format!("This page knows no parameter “{name}”"))),
            };
            if earlier {
                return Err(PageError::bad_request(format!("“{name}” can be given once")));
            }
        }
        Ok(asked)
    }

    fn id(&self) -> Option<Uuid> {
        self.entry.as_deref().and_then(|typed| typed.parse().ok())
    }

    fn is_no_id(&self) -> bool {
        self.entry.is_some() && self.id().is_none()
    }
}

/// GET /audit/proof
pub async fn show(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let grant = authorized(&console, &visit)?;
    let asked = Asked::of(&request)?;
    let status = if asked.is_no_id() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    draw(&request, &console, &visit, &grant, asked, None, status).await
}

/// POST /audit/proof/verify: every entry, in the background.
pub async fn verify(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let grant = authorized(&console, &visit)?;
    let again = async |problem: String, status| draw(&request, &console, &visit, &grant, Asked::default(), Some(problem), status).await;
    if submission.get("decision") != Some("verify") {
        let problem = "This form does not say what to do. Press the button on this page.".to_owned();
        return again(problem, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    match examination::begin(&console.examinations, &console.witnesses, &console.database, &visit.origin, &grant).await {
        Ok(()) => Ok(leave(&console, urls::LOG_PROOF, FlashKind::Done, "Every entry is being verified. The result will stand here.")),
        Err(error @ BeginError::Running) => again(error.to_string(), StatusCode::CONFLICT).await,
        Err(error @ BeginError::NotYours) => Err(PageError::Forbidden { what: error.to_string(), allowed_roles: Vec::new() }),
        Err(BeginError::Database(error)) => Err(error.into()),
    }
}

/// The keys that may be believed: the console's own, and whichever they announced.
async fn known(console: &Console, connection: &Connection, newest: &Checkpoint) -> Result<Vec<PublicKey>, DatabaseError> {
    let mut chain = Chain::beginning_with(&newest.origin, console.witnesses.signer.public(&newest.origin));
    for note in earlier::announcements(connection, newest.size).await? {
        // One that nobody vouches for vouches for nobody; its row says so.
        drop(chain.follow(note.as_bytes()));
    }
    Ok(chain.known().to_vec())
}

async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    grant: &Grant,
    asked: Asked,
    problem: Option<String>,
    status: StatusCode,
) -> Result<HttpResponse, PageError> {
    // Before the database: what leaves it meanwhile is no sign of anything.
    let outside = outside(console).await?;
    let connection = console.database.read().await?;
    let standing = store::standing(&connection).await?;
    let last_kept = store::last(&connection).await?;
    if let Some(place) = asked.before
        && earlier::checkpoint(&connection, place).await?.is_none()
    {
        return Err(PageError::bad_request("“before” is no checkpoint of this log"));
    }
    let mut kept = earlier::checkpoints(&connection, asked.before).await?;
    let has_more = kept.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    kept.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let newest = last_kept.as_ref().and_then(|kept| kept.checkpoint().ok());
    let (known, consistency) = match &newest {
        Some(newest) => {
            let known = known(console, &connection, newest).await?;
            let consistency = earlier::consistency(&connection, newest, &kept, &known).await?;
            (known, consistency)
        }
        None => (Vec::new(), Vec::new()),
    };
    let (outcome, begun) = examination::last(&connection, grant).await?;
    let found = match asked.id() {
        Some(entry) => find(&connection, grant, entry).await?,
        None => Vec::new(),
    };
    drop(connection);
    let (zone, now) = (visit.actor.preferences.time_zone, Utc::now());
    let time = |kept: &Kept| kept.at.and_then(|at| at.moment()).map(|at| TimeShown::new(at, zone, now));
    let sealed = last_kept.as_ref().map_or(0, |kept| kept.size);
    let heading = "Log proof";
    let title = if problem.is_some() || asked.is_no_id() { format!("Error: {heading}") } else { heading.to_owned() };
    let crumbs = vec![Crumb { label: "Compliance".to_owned(), href: None }, Crumb { label: heading.to_owned(), href: None }];
    let template = ProofPage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        problem,
        sealed,
        waiting: waiting(&standing),
        is_swept: standing.walks > 0,
        command_key: newest
            .as_ref()
            .and_then(|newest| console.witnesses.signer.public(&newest.origin).into_iter().next())
            .map(|key| key.to_string()),
        newest: newest.as_ref().zip(last_kept.as_ref()).map(|(newest, kept)| Newest {
            at: time(kept),
            root: newest.root_text(),
            origin: newest.origin.clone(),
            keys: keys(console, newest, &known),
        }),
        cut: outside.as_ref().filter(|outside| outside.size > sealed).map(|outside| {
            format!("A checkpoint outside counts {} entries, and the log here only {}.", Grouped(outside.size), Grouped(sealed))
        }),
        outside: outside.map(|outside| {
            format!(
                "The greatest of the last days in {} counts {} entries.",
                console.witnesses.folder.path().display(),
                Grouped(outside.size)
            )
        }),
        running: match (console.examinations.progress(), begun) {
            (Some(progress), _) => Some(running(&progress)),
            (None, Some(begun)) => Some(elsewhere(&begun, &TimeShown::new(begun.at, zone, now))),
            (None, None) => None,
        },
        last: outcome.map(|outcome| last(outcome, |at| TimeShown::new(at, zone, now))),
        is_no_id: asked.is_no_id(),
        sought: asked.entry.unwrap_or_default(),
        found,
        earlier: kept.last().filter(|_| has_more).map(|last| format!("{}?before={}", urls::LOG_PROOF, last.id)),
        checkpoints: kept.iter().zip(consistency).map(|(kept, verdict)| row(kept, verdict, time(kept))).collect(),
        is_paged: asked.before.is_some(),
    };
    Ok(page(request, status, &template))
}

/// The sentence of what is not sealed.
pub fn waiting(standing: &Standing) -> String {
    match standing.waiting {
        0 => "None".to_owned(),
        counted if counted > 100_000 => "More than 100,000".to_owned(),
        counted => Grouped(counted).to_string(),
    }
}

fn running(progress: &Progress) -> String {
    match progress.done.saturating_mul(100).checked_div(progress.all) {
        Some(percent) => format!("Running: {} of {} entries, {percent} %.", Grouped(progress.done), Grouped(progress.all)),
        None => "Running: it has just begun.".to_owned(),
    }
}

/// It has no result, and does not run here.
fn elsewhere(begun: &Begun, at: &TimeShown) -> String {
    let who = begun.by.as_deref().unwrap_or("Somebody");
    format!("{who} had one begun on {at}, which has not ended: it runs in another instance of the console, or was cut off.")
}

fn last(outcome: Outcome, time: impl Fn(chrono::DateTime<Utc>) -> TimeShown) -> Last {
    let Outcome { at, requested_by, entries, waiting, checkpoints, findings, more } = outcome;
    Last {
        at: time(at),
        who: requested_by.unwrap_or_else(|| "somebody who is not known any more".to_owned()),
        what: format!(
            "{} entries and {} checkpoints were looked at; {} waited to be sealed.",
            Grouped(entries),
            Grouped(checkpoints),
            Grouped(waiting)
        ),
        findings: findings
            .into_iter()
            .map(|finding| FindingRow {
                href: finding.entry.map(|(log, entry)| format!("/tables/{}/{}", log.table(), entry.as_hyphenated())),
                id: finding.id,
                what: finding.what,
            })
            .collect(),
        more,
    }
}

fn keys(console: &Console, newest: &Checkpoint, known: &[PublicKey]) -> Vec<KeyRow> {
    let own = console.witnesses.signer.public(&newest.origin);
    let signed_by = newest.signed_by_any(known).ok();
    let mut rows: Vec<KeyRow> = own
        .iter()
        .enumerate()
        .map(|(place, key)| KeyRow {
            label: if place == 0 { "Public key" } else { "Earlier key" },
            text: key.to_string(),
            remark: (place == 0 && signed_by != Some(key.id())).then_some("It signs from the next checkpoint on, or the one after that."),
        })
        .collect();
    rows.extend(known.iter().filter(|key| !own.contains(key)).map(|key| KeyRow {
        label: "Announced key",
        text: key.to_string(),
        remark: Some("This console does not have it; it was announced by one that it has."),
    }));
    rows
}

fn row(kept: &Kept, verdict: Result<u32, Inconsistent>, at: Option<TimeShown>) -> CheckpointRow {
    let read = kept.checkpoint().ok();
    CheckpointRow {
        id: kept.id,
        href: format!("{}?of={}", urls::CHECKPOINT, kept.id),
        size: kept.size,
        at,
        root: read.map_or_else(|| "not readable".to_owned(), |read| read.root_text().chars().take(12).chain(['…']).collect()),
        key: verdict.as_ref().map_or_else(|_| "–".to_owned(), |key| format!("{key:08x}")),
        problem: verdict.err().map(|problem| problem.to_string()),
    }
}

async fn find(connection: &Connection, grant: &Grant, entry: Uuid) -> Result<Vec<Found>, DatabaseError> {
    let mut found = Vec::new();
    for log in Log::ALL {
        let position = store::position(connection, log, entry).await?;
        if position.is_some() || evidence::waits(connection, log, entry).await? {
            found.push(Found {
                log: log.table(),
                record: format!("/tables/{}/{}", log.table(), entry.as_hyphenated()),
                position,
                proof: urls::evidence_url(log, entry, "proof"),
                evidence: match evidence::of(connection, grant, log, entry).await? {
                    Some(Evidence::Whole(_)) => Taken::At(urls::evidence_url(log, entry, "jsonl")),
                    Some(Evidence::Withheld) => Taken::Withheld,
                    None => Taken::Gone,
                },
            });
        }
    }
    Ok(found)
}

/// A folder that cannot be read is no reason to show nothing else.
async fn outside(console: &Console) -> Result<Option<Checkpoint>, PageError> {
    let folder = console.witnesses.folder.clone();
    let greatest = web::block(move || folder.greatest()).await.map_err(PageError::internal)?;
    Ok(greatest.unwrap_or_else(|error| {
        tracing::warn!("{}: {error}", console.witnesses.folder.path().display());
        None
    }))
}
