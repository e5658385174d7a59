//! What does the ledger's proof look like, and how is it asked for again?

pub mod drift;

use std::str::FromStr;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, http::header, web};
use askama::Template;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{
    display::{Grouped, MoneyShown, TimeShown},
    edit::leave,
    frame::{Crumb, FlashKind, Frame},
    query,
    response::page,
    shown::money,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    auth::{grant::Grant, policy::Action},
    db::value::Number,
    error::PageError,
    operations::ledger::{
        self, CheckError, Extent, Past,
        drifts::{self, Drift},
        totals::{self, Unsound},
    },
    resource::{Resource, form::Submission},
};

/// One currency's line: what the accounts hold, and what should make it up.
struct SumsRow {
    currency: Option<String>,
    accounts: i64,
    opening: Number,
    completed: Number,
    corrections: Number,
    balance: Number,
    difference: Number,
    odd: i64,
}

impl SumsRow {
    fn shown<'a>(&'a self, number: &'a Number) -> MoneyShown<'a> {
        money(number, self.currency.as_deref())
    }

    fn fits(&self) -> bool {
        is_zero(&self.difference) && self.odd == 0
    }
}

struct TransfersRow {
    currency: Option<String>,
    transfers: i64,
    completed: i64,
    sum: Number,
    unsound: i64,
}

impl TransfersRow {
    fn shown(&self) -> MoneyShown<'_> {
        money(&self.sum, self.currency.as_deref())
    }

    fn fits(&self) -> bool {
        is_zero(&self.sum) && self.unsound == 0
    }
}

/// A check as the page tells of it.
struct PastRow {
    what: &'static str,
    who: String,
    at: TimeShown,
    accounts: i64,
    drifts: i64,
}

/// An account that does not fit, ready to be drawn.
struct Finding {
    drift: Drift,
    href: String,
    since: Option<TimeShown>,
    words: Vec<String>,
}

impl Finding {
    fn shown<'a>(&'a self, number: &'a Number) -> MoneyShown<'a> {
        money(number, self.drift.currency.as_deref())
    }
}

struct Broken {
    href: String,
    what: String,
}

#[derive(Template)]
#[template(path = "ledger/proof.html")]
struct ProofPage {
    frame: Frame,
    problem: Option<String>,
    last: Option<PastRow>,
    full: Option<PastRow>,
    findings: Vec<Finding>,
    more: i64,
    broken: Vec<Broken>,
    uncovered: i64,
    sums: Vec<SumsRow>,
    transfers: Vec<TransfersRow>,
}

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource(urls::LEDGER).get(show).post(check))
        .service(web::resource("/operations/ledger/{account}").get(drift::show).post(drift::resolve));
}

fn accounts(console: &Console) -> Result<&'static Resource, PageError> {
    console.registry.find("accounts").ok_or_else(|| PageError::not_found("ledger in this console"))
}

/// Whether the proof is in this actor's navigation.
pub fn may_read(console: &Console, visit: &Visit) -> bool {
    accounts(console).is_ok_and(|accounts| visit.actor.may(Action::Prove, accounts))
}

/// GET /operations/ledger
pub async fn show(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let grant = visit.actor.authorize(Action::Prove, accounts(&console)?)?;
    if let Some((name, _)) = query::pairs(&request)?.first() {
        return Err(PageError::bad_request(format!("This page knows no parameter “{name}”")));
    }
    draw(&request, &console, &visit, &grant, None, StatusCode::OK).await
}

/// POST /operations/ledger: every account, now.
pub async fn check(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let grant = visit.actor.authorize(Action::Prove, accounts(&console)?)?;
    if submission.get("decision") != Some("check") {
        let problem = "This form does not say what to do. Press the button on this page.".to_owned();
        return draw(&request, &console, &visit, &grant, Some(problem), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    match ledger::check_all(&console.database, &visit.origin, &grant).await {
        Ok(checked) => {
            let accounts = Grouped(checked.accounts);
            let (kind, text) = match checked.drifts {
                0 => (FlashKind::Done, format!("Checked {accounts} accounts: every balance is what its entries say.")),
                1 => (FlashKind::Warning, format!("Checked {accounts} accounts: 1 does not fit its entries and is frozen.")),
                drifts => (
                    FlashKind::Warning,
                    format!("Checked {accounts} accounts: {} do not fit their entries and are frozen.", Grouped(drifts)),
                ),
            };
            Ok(leave(&console, urls::LEDGER, kind, &text))
        }
        Err(error @ CheckError::Running) => draw(&request, &console, &visit, &grant, Some(error.to_string()), StatusCode::CONFLICT).await,
        Err(error @ CheckError::TooSlow) => {
            let drawn = draw(&request, &console, &visit, &grant, Some(error.to_string()), StatusCode::SERVICE_UNAVAILABLE).await;
            drawn.map(|mut answer| {
                answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("600"));
                answer
            })
        }
        Err(error @ CheckError::NotYours) => Err(PageError::Forbidden { what: error.to_string(), allowed_roles: Vec::new() }),
        Err(CheckError::Database(error)) => Err(error.into()),
        Err(error @ CheckError::Sums(_)) => Err(PageError::internal(error)),
    }
}

async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    grant: &Grant,
    problem: Option<String>,
    status: StatusCode,
) -> Result<HttpResponse, PageError> {
    let connection = console.database.read().await?;
    let (last, full) = ledger::last(&connection, grant).await?;
    let frozen = ledger::frozen(&connection).await?;
    let drifts = drifts::frozen(&connection, grant).await?;
    let totals = full.as_ref().and_then(|full| full.totals.clone());
    let broken = match &totals {
        Some(totals) => totals::still_unsound(&connection, totals).await?,
        None => Vec::new(),
    };
    let (zone, now) = (visit.actor.preferences.time_zone, Utc::now());
    let time = |at: DateTime<Utc>| TimeShown::new(at, zone, now);
    let heading = "Ledger proof";
    let title = if problem.is_some() { format!("Error: {heading}") } else { heading.to_owned() };
    let crumbs = vec![Crumb { label: "Ledger".to_owned(), href: None }, Crumb { label: heading.to_owned(), href: None }];
    let listed = i64::try_from(drifts.len()).unwrap_or(i64::MAX);
    let template = ProofPage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        problem,
        last: last.as_ref().map(|past| past_row(past, time(past.finished_at))),
        // Said twice it would only be longer.
        full: full
            .as_ref()
            .filter(|_| last.as_ref().is_some_and(|last| last.extent != Extent::Full))
            .map(|past| past_row(past, time(past.finished_at))),
        more: frozen - listed,
        findings: drifts
            .into_iter()
            .map(|drift| Finding {
                href: urls::drift_url(drift.account),
                since: drift.frozen.as_ref().map(|frozen| time(frozen.since)),
                words: drift.words.iter().map(|word| drift::sentence(word, drift.currency.as_deref(), &time(word.at))).collect(),
                drift,
            })
            .collect(),
        broken: broken.iter().map(broken_transfer).collect(),
        uncovered: totals.as_ref().map_or(0, |totals| totals.uncovered),
        transfers: totals
            .iter()
            .flat_map(|totals| &totals.transfers)
            .map(|row| TransfersRow {
                currency: row.currency.clone(),
                transfers: row.transfers,
                completed: row.completed,
                sum: read(&row.sum),
                unsound: row.unsound,
            })
            .collect(),
        sums: totals
            .iter()
            .flat_map(|totals| &totals.currencies)
            .map(|row| SumsRow {
                currency: row.currency.clone(),
                accounts: row.accounts,
                opening: read(&row.opening),
                completed: read(&row.completed),
                corrections: read(&row.corrections),
                balance: read(&row.balance),
                difference: read(&row.difference),
                odd: row.odd,
            })
            .collect(),
    };
    Ok(page(request, status, &template))
}

fn past_row(past: &Past, at: TimeShown) -> PastRow {
    PastRow {
        what: match past.extent {
            Extent::Full => "Every account",
            Extent::Changed => "What had changed, and a stretch of the rest",
        },
        who: past.requested_by.clone().unwrap_or_else(|| "The console, in the background".to_owned()),
        at,
        accounts: past.accounts,
        drifts: past.drifts,
    }
}

fn broken_transfer(unsound: &Unsound) -> Broken {
    let leg = |status: &Option<String>, amount: &Option<String>, currency: &Option<String>| match (status, amount) {
        (Some(status), Some(amount)) => format!("{amount} {}, {status}", currency.as_deref().unwrap_or_default()),
        (_, _) => "gone".to_owned(),
    };
    let source = leg(&unsound.source_status, &unsound.source_amount, &unsound.source_currency);
    let target = leg(&unsound.target_status, &unsound.target_amount, &unsound.target_currency);
    let known = if unsound.source_status.is_some() { unsound.source } else { unsound.target };
    Broken {
        href: format!("/tables/transactions/{}", known.as_hyphenated()),
        what: format!("One leg is {source}; the other is {target}. Both should be in one state and sum to zero."),
    }
}

/// A sum as the check wrote it down.
fn read(text: &str) -> Number {
    Decimal::from_str(text).map_or(Number::TooLarge, Number::Decimal)
}

fn is_zero(number: &Number) -> bool {
    matches!(number, Number::Decimal(amount) if amount.is_zero())
}
