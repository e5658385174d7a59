//! What does somebody see of a bulk decision, before it runs, while it runs and when it has?

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use chrono::Utc;

mod lines;
mod result;

use lines::{Line, Outcome, Total};

use super::{
    display::{Field, FieldError, Input, Presence, TimeShown, return_to},
    edit::keeping,
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
    resource::form::Submission,
    workflows::{
        approval::Decision,
        run::{
            self, Run, RunError, State,
            results::{Item, items},
        },
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
    action: String,
    list: String,
    result: String,
    errors: Vec<FieldError<'a>>,
    reason: &'a Field<'a>,
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
}

/// GET /runs/{id}
async fn show(request: HttpRequest, console: web::Data<Console>, visit: Visit, path: web::Path<String>) -> Result<HttpResponse, PageError> {
    let connection = console.database.read().await?;
    let run = visible(&console, &visit, &connection, &path).await?;
    let items = items(&connection, run.id).await?;
    drop(connection);
    let reason = run.reason.clone().unwrap_or_default();
    Ok(draw(&request, &console, &visit, &run, &items, Typed { reason: &reason, error: None }))
}

/// POST /runs/{id}: lets it begin.
async fn start(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<String>,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let keep = |error: PageError| keeping(error, &request, &submission);
    let grant = visit.actor.authorize(Action::Decide, transactions(&console)?)?;
    let connection = console.database.read().await.map_err(|error| keep(error.into()))?;
    let run = visible(&console, &visit, &connection, &path).await.map_err(keep)?;
    drop(connection);
    if submission.get("decision") != Some("run") {
        return Err(PageError::Unprocessable { what: "This form does not say what to do. Open the selection again.".to_owned() });
    }
    let reason = submission.get("reason").unwrap_or_default();
    let garbled = submission.garbled.iter().any(|name| name == "reason");
    let write = Write::begin(&console.database, &visit.origin).await.map_err(|error| keep(error.into()))?;
    let started = match garbled {
        true => Err(RunError::Reason("Holds bytes that are not text (UTF-8). Type it again.")),
        false => run::start(&write, &grant, &visit.origin, run.id, reason).await,
    };
    match started {
        Ok(()) => {
            write.commit().await.map_err(|error| keep(error.into()))?;
            Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, urls::run_url(run.id))).finish())
        }
        Err(error @ (RunError::Reason(_) | RunError::Selection(_))) => {
            drop(write);
            let connection = console.database.read().await?;
            let items = items(&connection, run.id).await?;
            drop(connection);
            let said = error.to_string();
            Ok(draw(&request, &console, &visit, &run, &items, Typed { reason, error: Some(said) }))
        }
        Err(error) => Err(keep(page_error(error))),
    }
}

/// A run is for whoever decides it and for whoever reads the log it becomes; to others it is not there.
async fn visible(console: &Console, visit: &Visit, connection: &Connection, id: &str) -> Result<Run, PageError> {
    let run = run::find(connection, record_id(id)?).await.map_err(page_error)?;
    let reads_the_log = console.registry.find("audit_logs").is_some_and(|log| visit.actor.may(Action::Read, log));
    if run.decider == visit.actor.id || reads_the_log { Ok(run) } else { Err(page_error(RunError::Missing)) }
}

fn transactions(console: &Console) -> Result<&'static crate::resource::Resource, PageError> {
    console.registry.find("transactions").ok_or_else(|| PageError::not_found("table of transactions"))
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

fn draw(request: &HttpRequest, console: &Console, visit: &Visit, run: &Run, items: &[Item], typed: Typed<'_>) -> HttpResponse {
    let open = match run.state {
        State::Previewed => items.iter().filter(|item| item.obstacle.is_none()).count(),
        State::Running | State::Finished => items.iter().filter(|item| item.ending.is_none()).count(),
    };
    let verb = match run.decision {
        Decision::Approve => "Approve",
        Decision::Reject => "Reject",
    };
    let several = if items.len() == 1 { "transaction" } else { "transactions" };
    let heading = match run.state {
        State::Previewed => format!("{verb} {} {several}?", items.len()),
        State::Running => format!("Deciding {} {several}", items.len()),
        State::Finished => format!("{} {several} decided", items.len() - lines::left_out(items)),
    };
    let button = if open == items.len() { format!("{verb} {open}") } else { format!("{verb} {open} of {}", items.len()) };
    let status = if typed.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let title = if typed.error.is_some() { format!("Error: {heading}") } else { heading.clone() };
    let reason = Field {
        column: "reason",
        label: "Reason",
        help: Some(match run.decision {
            Decision::Approve => "Stands beside every decision, and in the log. It may stay empty.",
            Decision::Reject => "Whoever made them reads it, and it stands in the log.",
        }),
        error: typed.error,
        presence: match run.decision {
            Decision::Approve => Presence::Optional,
            Decision::Reject => Presence::Required,
        },
        input: Input::Area { value: typed.reason, max_length: Some(2_000) },
    };
    let list = "/tables/transactions?status=pending".to_owned();
    let crumbs = vec![Crumb { label: "Transactions".to_owned(), href: Some(list.clone()) }, Crumb { label: heading.clone(), href: None }];
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
        reason: &reason,
        is_mine: run.decider == visit.actor.id,
        open,
        all: items.len(),
        done: items.len() - open,
        button,
        totals: lines::totals(run, items),
        outcomes: lines::outcomes(items),
        lines: items.iter().map(|item| lines::line(run, item, &back)).collect(),
        began: TimeShown::new(run.created_at, zone, now),
        ended: run.finished_at.map(|at| TimeShown::new(at, zone, now)),
    };
    page(request, status, &template)
}
