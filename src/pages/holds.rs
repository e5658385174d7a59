//! What is held from expiry, and how does an administrator let time run for it?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;
use uuid::Uuid;

use super::{
    display::{Age, Counted, Grouped, Pager, TimeShown},
    edit::leave,
    frame::{Crumb, FlashKind, Frame},
    query, response,
    stuck::{money, title},
    visit::Visit,
};
use crate::{
    app::Console,
    auth::{grant::Grant, policy::Action},
    db::{
        pool::{Connection, DatabaseError},
        write::Write,
    },
    error::PageError,
    workflows::holds::{self, COUNTED_TO, From, Held},
};

const PATH: &str = "/approvals/held";

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(PATH).get(show).post(release));
}

#[derive(Template)]
#[template(path = "holds/held.html")]
struct HeldPage {
    frame: Frame,
    count: Counted,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: Uuid,
    href: String,
    label: String,
    amount: String,
    account: String,
    maker: String,
    age: String,
    /// What becomes of it once it is let.
    then: String,
}

/// Only whoever may change the rules lets time run.
fn authorized(console: &Console, visit: &Visit) -> Result<Grant, PageError> {
    let settings = console.registry.find("system_settings").ok_or_else(|| PageError::not_found("table of this name"))?;
    Ok(visit.actor.authorize(Action::Edit, settings)?)
}

fn counted(count: i64) -> Counted {
    let count = u64::try_from(count).unwrap_or(0);
    let most = COUNTED_TO.unsigned_abs();
    if count > most { Counted::AtLeast(most) } else { Counted::Exactly(count) }
}

/// For the dashboard: how many, where there are any.
///
/// # Errors
/// When the database is away.
pub async fn held(connection: &Connection) -> Result<Option<Counted>, DatabaseError> {
    let count = holds::count(connection).await?;
    Ok((count > 0).then(|| counted(count)))
}

fn from(request: &HttpRequest) -> Result<From, PageError> {
    let mut from = From::Start;
    for (name, value) in query::pairs(request)?.into_iter().filter(|(_, value)| !value.is_empty()) {
        let id = value.parse::<Uuid>().map_err(|_| PageError::bad_request(format!("“{name}” is not a place in this list")));
        from = match (name.as_str(), from) {
            ("after", From::Start) => From::After(id?),
            ("before", From::Start) => From::Before(id?),
            ("after" | "before", _) => return Err(PageError::bad_request("A page is after a row or before one, not both")),
            _ => return Err(PageError::bad_request(format!("“{name}” is no parameter of this page"))),
        };
    }
    Ok(from)
}

/// GET /approvals/held
///
/// # Errors
/// 403 to everybody but administrators.
pub async fn show(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let _ = authorized(&console, &visit)?;
    let from = from(&request)?;
    let connection = console.database.read().await?;
    let (page, count) = tokio::try_join!(holds::page(&connection, from), holds::count(&connection))?;
    drop(connection);
    let link = |word: &str, row: Option<&Held>| row.map(|row| format!("{PATH}?{word}={}", row.id.as_hyphenated()));
    let count = counted(count);
    let pager = Pager {
        rows: page.rows.len(),
        count,
        sizes: Vec::new(),
        previous: link("before", page.rows.first().filter(|_| page.has_before)),
        next: link("after", page.rows.last().filter(|_| page.has_after)),
        further: None,
    };
    let crumbs = vec![
        Crumb { label: "System".to_owned(), href: None },
        Crumb { label: "Approval rules".to_owned(), href: Some("/approvals/rules".to_owned()) },
        Crumb { label: "Held from expiry".to_owned(), href: None },
    ];
    let template = HeldPage {
        frame: Frame::for_page(&console, &visit, &request, "Held from expiry", crumbs),
        count,
        rows: page.rows.into_iter().map(|held| row(held, &visit)).collect(),
        pager,
    };
    Ok(response::page(&request, StatusCode::OK, &template))
}

fn row(held: Held, visit: &Visit) -> Row {
    let (zone, now) = (visit.actor.preferences.time_zone, Utc::now());
    let then = match held.expires_at {
        Some(at) if at <= now => "Cancelled at the next round".to_owned(),
        Some(at) => format!("Expires {}", TimeShown::new(at, zone, now).day()),
        None => "Never: made at no known time".to_owned(),
    };
    Row {
        id: held.transaction,
        href: format!("/tables/transactions/{}", held.transaction.as_hyphenated()),
        label: title(held.description, held.reference),
        amount: money(&held.amount, held.currency.as_deref()),
        account: held.account,
        maker: held.maker.unwrap_or_else(|| "Nobody known".to_owned()),
        age: held.made_at.map_or_else(|| "Unknown".to_owned(), |made| Age::between(made, now).to_string()),
        then,
    }
}

/// POST /approvals/held: the list has been seen.
///
/// # Errors
/// 403 to everybody but administrators.
pub async fn release(console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let _ = authorized(&console, &visit)?;
    let write = Write::begin(&console.database, &visit.origin).await?;
    let released = holds::release(&write).await?;
    if released == 0 {
        return Ok(leave(&console, PATH, FlashKind::Warning, "Nothing was held any more."));
    }
    write.commit().await?;
    let said = match released {
        1 => "1 transaction may expire now like any other.".to_owned(),
        count => format!("{} transactions may expire now like any other.", Grouped(count)),
    };
    Ok(leave(&console, PATH, FlashKind::Done, &said))
}
