//! What does the console still have to do on this database, and what would make it stronger?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;

use super::{
    display::TimeShown,
    frame::{Crumb, Frame},
    query, response, urls,
    visit::Visit,
};
use crate::{
    app::Console,
    auth::{grant::Grant, policy::Action},
    error::PageError,
    operations::{
        indexes::{self, Builds, Missing, State, Why},
        notices::Notice,
        trigrams::Trigrams,
    },
};

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(urls::MAINTENANCE).get(show));
}

/// Only whoever may change the settings can do anything about what stands here.
fn authorized(console: &Console, visit: &Visit) -> Result<Grant, PageError> {
    let settings = console.registry.find("system_settings").ok_or_else(|| PageError::not_found("table of this name"))?;
    Ok(visit.actor.authorize(Action::Edit, settings)?)
}

/// Whether the page is in this actor's navigation.
pub fn may_read(console: &Console, visit: &Visit) -> bool {
    authorized(console, visit).is_ok()
}

#[derive(Template)]
#[template(path = "maintenance/maintenance.html")]
struct MaintenancePage<'a> {
    frame: Frame,
    wanted: i64,
    rows: Vec<Row>,
    remedy: Option<&'static str>,
    notices: Vec<&'a Notice>,
}

struct Row {
    name: String,
    table: String,
    state: &'static str,
    look: &'static str,
    icon: &'static str,
    detail: String,
    tried: Option<TimeShown>,
}

/// GET /operations/maintenance
///
/// # Errors
/// 403 to everybody but administrators.
pub async fn show(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let _ = authorized(&console, &visit)?;
    if let Some((name, _)) = query::pairs(&request)?.first() {
        return Err(PageError::bad_request(format!("This page knows no parameter “{name}”")));
    }
    let connection = console.database.read().await?;
    let missing = indexes::missing(&connection.client).await?;
    let wanted = indexes::wanted(&connection.client).await?;
    let trigrams = Trigrams::of(&connection.client).await.map_err(crate::db::pool::DatabaseError::from)?;
    drop(connection);
    let crumbs = vec![Crumb { label: "System".to_owned(), href: None }, Crumb { label: "Maintenance".to_owned(), href: None }];
    let template = MaintenancePage {
        frame: Frame::for_page(&console, &visit, &request, "Maintenance", crumbs),
        wanted,
        rows: missing.into_iter().map(|index| row(index, &console.builds, &visit)).collect(),
        remedy: trigrams.remedy(),
        notices: console.notices.iter().collect(),
    };
    Ok(response::page(&request, StatusCode::OK, &template))
}

fn row(missing: Missing, builds: &Builds, visit: &Visit) -> Row {
    let obstacle = builds.obstacle(&missing.name);
    let (state, look, icon, detail) = match (missing.state, &obstacle) {
        (State::Taken, _) => ("Cannot be built", "bad", "failed", "Something else has this name; its owner has to rename it.".to_owned()),
        (State::Building { phase, percent, waits_for }, _) => ("Being built", "wait", "pending", progress(phase, percent, waits_for)),
        (State::Absent | State::Ruined, Some(obstacle)) => match &obstacle.why {
            Why::Locked => {
                ("Waits", "wait", "clock", "Somebody holds the table, or a transaction on it is older. It is tried again.".to_owned())
            }
            Why::Failed(_) => ("Failed", "bad", "failed", "The console's log says why. It is tried again, less and less often.".to_owned()),
        },
        (State::Absent, None) => ("Waits for its turn", "", "clock", "One is built after the other.".to_owned()),
        (State::Ruined, None) => ("Waits for its turn", "", "clock", "A build was cut short; what it left is built anew.".to_owned()),
    };
    let tried = obstacle.map(|obstacle| TimeShown::new(obstacle.at, visit.actor.preferences.time_zone, Utc::now()));
    Row { name: missing.name, table: missing.table, state, look, icon, detail, tried }
}

fn progress(phase: String, percent: Option<i32>, waits_for: Option<String>) -> String {
    match (percent, waits_for) {
        (Some(percent), _) => format!("{phase}: {percent} %"),
        (None, Some(role)) => format!("{phase}: a transaction of {role} has to end first"),
        (None, None) => phase,
    }
}
