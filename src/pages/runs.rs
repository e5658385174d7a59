//! What does somebody see of what is done to many rows, before it runs, while it runs and when it has?

use std::collections::HashSet;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use chrono::Utc;
use uuid::Uuid;

mod lines;
mod result;
mod words;

use lines::{Line, Outcome, Total};
pub use words::Words;

use super::{
    consequences::counted,
    display::{Field, FieldError, Input, Presence, TimeShown, return_to},
    frame::{Crumb, Frame},
    record::record_id,
    response::page,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    auth::policy::Action,
    db::{pool::Connection, write::Write},
    error::PageError,
    resource::{Resource, form::Submission},
    workflows::{
        approval::item::with_a_twin,
        run::{
            self, Run, RunError, State,
            results::{Item, items},
            verb::Verb,
        },
        user,
    },
};

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/tables/{table}/selected").post(super::selected::select))
        .service(web::resource("/runs/{id}").get(show).post(start))
        .service(web::resource("/runs/{id}/result.csv").get(result::csv));
}

#[derive(Template)]
#[template(path = "runs/show.html")]
struct RunPage<'a> {
    frame: Frame,
    run: &'a Run,
    heading: String,
    words: Words,
    action: String,
    list: String,
    result: String,
    errors: Vec<FieldError<'a>>,
    /// Asked where one row's own page asks for it.
    reason: Option<&'a Field<'a>>,
    /// What it takes along, counted.
    consequences: Vec<(i64, &'static str)>,
    /// Only whoever looked through it lets it run.
    is_mine: bool,
    open: usize,
    all: usize,
    done: usize,
    button: String,
    totals: Vec<Total>,
    outcomes: Vec<Outcome>,
    lines: Vec<Line<'a>>,
    began: TimeShown,
    ended: Option<TimeShown>,
}

impl RunPage<'_> {
    fn out(&self) -> usize {
        self.all - self.open
    }

    fn is_decided(&self) -> bool {
        self.run.verb.decision().is_some()
    }

    fn destroys(&self) -> bool {
        matches!(self.run.verb, Verb::Reject | Verb::Revoke | Verb::Deactivate)
    }
}

/// GET /runs/{id}
async fn show(request: HttpRequest, console: web::Data<Console>, visit: Visit, path: web::Path<String>) -> Result<HttpResponse, PageError> {
    let connection = console.database.read().await?;
    let run = found(&connection, &path).await?;
    visible(&console, &visit, &run)?;
    let seen = Seen::read(&console, &connection, run).await?;
    drop(connection);
    let reason = seen.run.reason.clone().unwrap_or_default();
    Ok(draw(&request, &console, &visit, &seen, Typed { reason: &reason, error: None }))
}

/// POST /runs/{id}: lets it begin.
async fn start(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<String>,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let connection = console.database.read().await?;
    let run = found(&connection, &path).await?;
    drop(connection);
    let grant = visit.actor.authorize(run.verb.action(), subject(&console, &run)?)?;
    visible(&console, &visit, &run)?;
    if submission.get("decision") != Some("run") {
        return Err(PageError::Unprocessable { what: "This form does not say what to do. Open the selection again.".to_owned() });
    }
    let reason = submission.get("reason").unwrap_or_default();
    let garbled = submission.garbled.iter().any(|name| name == "reason");
    let write = Write::begin(&console.database, &visit.origin).await?;
    let started = match garbled {
        true => Err(RunError::Reason("Holds bytes that are not text (UTF-8). Type it again.")),
        false => run::start(&write, &grant, &visit.origin, run.id, reason).await,
    };
    match started {
        Ok(()) => {
            write.commit().await?;
            Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, urls::run_url(run.id))).finish())
        }
        Err(error @ (RunError::Reason(_) | RunError::Selection(_))) => {
            drop(write);
            let connection = console.database.read().await?;
            let seen = Seen::read(&console, &connection, run).await?;
            drop(connection);
            let said = error.to_string();
            Ok(draw(&request, &console, &visit, &seen, Typed { reason, error: Some(said) }))
        }
        Err(error) => Err(page_error(error)),
    }
}

async fn found(connection: &Connection, id: &str) -> Result<Run, PageError> {
    run::find(connection, record_id(id)?).await.map_err(page_error)
}

/// A run is for whoever orders it and for whoever reads the log it becomes; to others it is not there.
fn visible(console: &Console, visit: &Visit, run: &Run) -> Result<(), PageError> {
    let reads_the_log = console.registry.find("audit_logs").is_some_and(|log| visit.actor.may(Action::Read, log));
    if run.decider == visit.actor.id || reads_the_log { Ok(()) } else { Err(page_error(RunError::Missing)) }
}

fn subject(console: &Console, run: &Run) -> Result<&'static Resource, PageError> {
    console.registry.find(&run.subject).ok_or_else(|| page_error(RunError::Missing))
}

/// A run with all that its page says.
struct Seen {
    run: Run,
    resource: &'static Resource,
    items: Vec<Item>,
    /// Of users about to be deactivated.
    consequences: Option<user::Consequences>,
    /// Transactions about to be approved that look like another one.
    alike: HashSet<Uuid>,
}

impl Seen {
    async fn read(console: &Console, connection: &Connection, run: Run) -> Result<Seen, PageError> {
        let resource = subject(console, &run)?;
        let items = items(connection, run.id).await?;
        let consequences = match (run.verb, run.state) {
            (Verb::Deactivate, State::Previewed) if resource.table == "users" => {
                let ids: Vec<_> = items.iter().filter(|item| item.obstacle.is_none()).map(|item| item.record).collect();
                Some(user::consequences(connection, &ids).await?)
            }
            _ => None,
        };
        let alike = match (run.verb, run.state) {
            (Verb::Approve, State::Previewed) => {
                let ids: Vec<_> = items.iter().filter(|item| item.obstacle.is_none()).map(|item| item.record).collect();
                with_a_twin(connection, &ids).await?
            }
            _ => HashSet::new(),
        };
        Ok(Seen { run, resource, items, consequences, alike })
    }
}

/// What a refused run is to a page.
pub fn page_error(error: RunError) -> PageError {
    match error {
        RunError::Database(error) => error.into(),
        RunError::Missing => PageError::not_found("run with this id"),
        RunError::NotYours(what) => PageError::Forbidden { what: what.to_owned(), allowed_roles: Vec::new() },
        RunError::Selection(what) | RunError::Reason(what) => PageError::Unprocessable { what: what.to_owned() },
    }
}

/// The reason as it stands in the form, and what is wrong with it.
struct Typed<'a> {
    reason: &'a str,
    error: Option<String>,
}

fn draw(request: &HttpRequest, console: &Console, visit: &Visit, seen: &Seen, typed: Typed<'_>) -> HttpResponse {
    let Seen { run, resource, items, consequences, alike } = seen;
    let open = match run.state {
        State::Previewed => items.iter().filter(|item| item.obstacle.is_none()).count(),
        State::Running | State::Finished => items.iter().filter(|item| item.ending.is_none()).count(),
    };
    let words = Words::of(run.verb, resource);
    let heading = words.heading(run.state, items);
    let button =
        if open == items.len() { words.imperative(&open.to_string()) } else { words.imperative(&format!("{open} of {}", items.len())) };
    let status = if typed.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let title = if typed.error.is_some() { format!("Error: {heading}") } else { heading.clone() };
    let reason = Field {
        column: "reason",
        label: "Reason",
        help: Some(match run.verb {
            Verb::Reject => "Whoever made them reads it, and it stands in the log.",
            Verb::Approve | Verb::Revoke | Verb::Deactivate | Verb::MarkRead => {
                "Stands beside every decision, and in the log. It may stay empty."
            }
        }),
        error: typed.error,
        presence: match run.verb {
            Verb::Reject => Presence::Required,
            Verb::Approve | Verb::Revoke | Verb::Deactivate | Verb::MarkRead => Presence::Optional,
        },
        input: Input::Area { value: typed.reason, max_length: Some(2_000) },
    };
    let list = match run.verb {
        Verb::Approve | Verb::Reject => "/tables/transactions?status=pending".to_owned(),
        Verb::Revoke | Verb::Deactivate | Verb::MarkRead => urls::list_url(resource),
    };
    let crumbs = vec![Crumb { label: resource.plural.to_owned(), href: Some(list.clone()) }, Crumb { label: heading.clone(), href: None }];
    let (zone, now) = (visit.actor.preferences.time_zone, Utc::now());
    let back = return_to(&urls::run_url(run.id));
    let template = RunPage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        run,
        heading,
        action: urls::run_url(run.id),
        list,
        result: [&urls::run_url(run.id), "/result.csv"].concat(),
        errors: FieldError::all(std::slice::from_ref(&reason)),
        reason: run.verb.decision().map(|_| &reason),
        consequences: consequences.map(counted).unwrap_or_else(|| lines::alike(alike.len())),
        is_mine: run.decider == visit.actor.id,
        open,
        all: items.len(),
        done: items.len() - open,
        button,
        totals: lines::totals(run, items),
        outcomes: lines::outcomes(&words, items),
        lines: items.iter().map(|item| lines::line(&words, run, item, alike.contains(&item.record), &back)).collect(),
        words,
        began: TimeShown::new(run.created_at, zone, now),
        ended: run.finished_at.map(|at| TimeShown::new(at, zone, now)),
    };
    page(request, status, &template)
}
