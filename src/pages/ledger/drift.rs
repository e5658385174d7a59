//! What is known of one account's drift, and how do two people resolve it?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;
use uuid::Uuid;

use super::{accounts, is_zero};
use crate::{
    app::Console,
    audit::history::HistoryGrant,
    auth::{grant::Grant, policy::Action},
    db::value::Number,
    db::write::Write,
    error::{PageError, WayOn},
    operations::ledger::{
        drifts::{self, Drift, Word},
        explanation::{self, Culprit, Explanation, Table},
        journal,
    },
    pages::{
        audit::telling::name,
        display::{FieldError, MoneyShown, TimeShown},
        edit::leave,
        frame::{Crumb, FlashKind, Frame},
        query,
        record::record_id,
        response::page,
        shown::money,
        urls,
        visit::Visit,
    },
    resource::form::Submission,
    workflows::drift::{self, Refusal, Resolution, Said},
};

#[derive(Template)]
#[template(path = "ledger/drift.html")]
struct DriftPage<'a> {
    frame: Frame,
    drift: Drift,
    action: String,
    account_url: String,
    since: Option<TimeShown>,
    fits: bool,
    words: Vec<String>,
    /// What was said of earlier drifts.
    earlier_words: Vec<String>,
    explanation: Option<Told>,
    form: Form<'a>,
    errors: Vec<FieldError<'a>>,
    problem: Option<&'a str>,
    postings: Vec<PostingRow>,
    count: i64,
    earlier: Option<String>,
    newest: Option<String>,
}

/// What the log says of it.
struct Told {
    text: String,
    at: Option<TimeShown>,
    /// The history that has the entry.
    href: Option<String>,
    /// How much of the difference it accounts for.
    remark: Option<String>,
}

/// What may be said here, and by whom.
struct Form<'a> {
    is_offered: bool,
    /// Why there is none, or what this actor said already.
    remark: Option<String>,
    resolution: &'a str,
    reason: &'a str,
}

struct PostingRow {
    position: i64,
    href: Option<String>,
    kind: String,
    description: String,
    at: Option<TimeShown>,
    effect: Number,
    expected: Number,
    currency: Option<String>,
}

impl PostingRow {
    fn shown<'a>(&'a self, number: &'a Number) -> MoneyShown<'a> {
        money(number, self.currency.as_deref())
    }
}

impl DriftPage<'_> {
    fn shown<'a>(&'a self, number: &'a Number) -> MoneyShown<'a> {
        money(number, self.drift.currency.as_deref())
    }

    /// What is none cannot be corrected by it.
    fn is_an_amount(&self) -> bool {
        matches!(self.drift.difference, Number::Decimal(_) | Number::TooLarge)
    }

    fn error_at(&self, column: &str) -> Option<&str> {
        self.errors.iter().find(|error| error.column == column).map(|error| error.text)
    }
}

/// "Ines Okafor said restore of a difference of 50.00 USD on 24 Nov 2026, 14:31 CET: “Typed by hand”."
fn said_so(word: &Word, currency: Option<&str>, at: &TimeShown) -> String {
    let who = word.who.clone().unwrap_or_else(|| word.decider.to_string());
    let currency = currency.map(|currency| format!(" {currency}")).unwrap_or_default();
    format!("{who} said {} of a difference of {}{currency} on {at}: “{}”.", word.resolution, word.difference, word.reason)
}

/// The same, of a drift that is not resolved yet.
pub(super) fn sentence(word: &Word, currency: Option<&str>, at: &TimeShown) -> String {
    format!("{} One more person is needed who says the same.", said_so(word, currency, at))
}

/// What was typed, and what is wrong with it.
#[derive(Default)]
struct Asked<'a> {
    resolution: &'a str,
    reason: &'a str,
    error: Option<(&'static str, &'static str, &'a str)>,
    problem: Option<&'a str>,
}

/// GET /operations/ledger/{account}
pub async fn show(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let grant = visit.actor.authorize(Action::Prove, accounts(&console)?)?;
    let account = record_id(&path)?;
    let place = place(&query::pairs(&request)?)?;
    draw(&request, &console, &visit, &grant, account, place, Asked::default(), StatusCode::OK).await
}

/// Which page of the entries: those before a place.
fn place(pairs: &[(String, String)]) -> Result<Option<i64>, PageError> {
    let mut place = None;
    for (name, value) in pairs {
        match name.as_str() {
            "before" if value.is_empty() => {}
            "before" => {
                let read = value.parse().ok().filter(|place| *place > 1 && value.bytes().all(|byte| byte.is_ascii_digit()));
                place = Some(read.ok_or_else(|| PageError::bad_request("“before” is no place among these entries"))?);
            }
            name => return Err(PageError::bad_request(format!("This page knows no parameter “{name}”"))),
        }
    }
    Ok(place)
}

/// POST /operations/ledger/{account}
pub async fn resolve(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<String>,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let resource = accounts(&console)?;
    let account = record_id(&path)?;
    let typed = submission.get("resolution").unwrap_or_default();
    let reason = submission.get("reason").unwrap_or_default();
    let grant = match visit.actor.authorize(Action::Resolve, resource) {
        Ok(grant) => grant,
        Err(refused) => {
            drift::record_refusal(&console.database, &visit.origin, account, typed_as(typed), &Refusal::NotYours).await?;
            return Err(refused.into());
        }
    };
    let refusal = match said(&console, &visit, &grant, account, &submission).await {
        Ok(said) => {
            let text = match said {
                (Resolution::Restore | Resolution::Accept, Said::One) => {
                    "Recorded. One more person has to say the same about the same difference."
                }
                (Resolution::Restore, Said::Both) => "The balance is restored to what the entries say; the account is free again.",
                (Resolution::Accept, Said::Both) => "The difference is accepted as a correction; the account is free again.",
            };
            return Ok(leave(&console, &urls::drift_url(account), FlashKind::Done, text));
        }
        Err(refusal) => refusal,
    };
    if refusal.is_an_attempt() {
        drift::record_refusal(&console.database, &visit.origin, account, typed_as(typed), &refusal).await?;
    }
    let prove = visit.actor.authorize(Action::Prove, resource)?;
    let said = refusal.to_string();
    let asked = Asked { resolution: typed, reason, error: None, problem: None };
    let (asked, status) = match refusal {
        Refusal::Missing => return Err(missing()),
        Refusal::NotYours => return Err(PageError::Forbidden { what: "resolve drifts of accounts".to_owned(), allowed_roles: Vec::new() }),
        Refusal::NotFrozen | Refusal::Changed | Refusal::SaidByYou | Refusal::NotANumber => {
            (Asked { problem: Some(&said), ..asked }, StatusCode::CONFLICT)
        }
        Refusal::Words(_) => (Asked { error: Some(("reason", "Reason", &said)), ..asked }, StatusCode::UNPROCESSABLE_ENTITY),
        Refusal::Unknown => (Asked { error: Some(("resolution", "What is right", &said)), ..asked }, StatusCode::UNPROCESSABLE_ENTITY),
        Refusal::Forged => (Asked { problem: Some(&said), ..asked }, StatusCode::UNPROCESSABLE_ENTITY),
        Refusal::Database(error) => return Err(error.into()),
    };
    draw(&request, &console, &visit, &prove, account, None, asked, status).await
}

/// As the log says what was tried: a word of ours, never of whoever typed.
fn typed_as(typed: &str) -> &'static str {
    Resolution::named(typed).map_or("unknown", Resolution::name)
}

async fn said(
    console: &Console,
    visit: &Visit,
    grant: &Grant,
    account: Uuid,
    submission: &Submission,
) -> Result<(Resolution, Said), Refusal> {
    let resolution = submission.get("resolution").and_then(Resolution::named).ok_or(Refusal::Unknown)?;
    if submission.garbled.iter().any(|name| name == "reason") {
        return Err(Refusal::Words("Holds bytes that are not text (UTF-8). Type it again."));
    }
    let difference = submission.get("difference").unwrap_or_default();
    let reason = submission.get("reason").unwrap_or_default();
    let write = Write::begin(&console.database, &visit.origin).await?;
    let said = drift::resolve(&write, grant, account, resolution, difference, reason).await?;
    write.commit().await?;
    Ok((resolution, said))
}

fn missing() -> PageError {
    PageError::NotFound {
        what: "account with this id".to_owned(),
        detail: None,
        ways: vec![WayOn::new("The ledger's proof", urls::LEDGER)],
    }
}

#[expect(clippy::too_many_arguments, reason = "who asks, what about, and what they typed before")]
async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    grant: &Grant,
    account: Uuid,
    place: Option<i64>,
    asked: Asked<'_>,
    status: StatusCode,
) -> Result<HttpResponse, PageError> {
    let connection = console.database.read().await?;
    let drift = drifts::of(&connection, grant, account).await?.ok_or_else(missing)?;
    let earlier = drifts::earlier(&connection, grant, account).await?;
    let journal = journal::before(&connection, grant, account, place).await?;
    let explanation = match (HistoryGrant::of(&visit.actor, &console.registry), &drift.frozen) {
        (Some(log), Some(_)) => Some(explanation::of(&connection, log, &drift).await?),
        (_, _) => None,
    };
    let (zone, now) = (visit.actor.preferences.time_zone, Utc::now());
    let time = |at| TimeShown::new(at, zone, now);
    let action = urls::drift_url(account);
    let failed = asked.error.is_some() || asked.problem.is_some();
    let title = if failed { format!("Error: Drift of {}", drift.name) } else { format!("Drift of {}", drift.name) };
    let crumbs = vec![
        Crumb { label: "Ledger proof".to_owned(), href: Some(urls::LEDGER.to_owned()) },
        Crumb { label: drift.name.clone(), href: None },
    ];
    let template = DriftPage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        account_url: urls::record_url(grant.resource(), account),
        since: drift.frozen.as_ref().map(|frozen| time(frozen.since)),
        fits: is_zero(&drift.difference),
        words: drift.words.iter().map(|word| sentence(word, drift.currency.as_deref(), &time(word.at))).collect(),
        earlier_words: earlier.iter().map(|word| said_so(word, drift.currency.as_deref(), &time(word.at))).collect(),
        explanation: explanation.map(|explanation| told(explanation, &drift, &time)),
        form: form(visit, grant, &drift, &asked),
        errors: asked.error.iter().map(|(column, label, text)| FieldError { column, label, text }).collect(),
        problem: asked.problem,
        count: journal.count,
        earlier: journal.earlier().map(|place| format!("{action}?before={place}")),
        newest: place.map(|_| action.clone()),
        postings: journal
            .postings
            .into_iter()
            .map(|posting| PostingRow {
                position: posting.position,
                href: posting.transaction.map(|id| format!("/tables/transactions/{}", id.as_hyphenated())),
                kind: posting.kind,
                description: posting.description.unwrap_or_default(),
                at: posting.at.map(time),
                effect: posting.effect,
                expected: posting.expected,
                currency: drift.currency.clone(),
            })
            .collect(),
        action,
        drift,
    };
    Ok(page(request, status, &template))
}

fn form<'a>(visit: &Visit, grant: &Grant, drift: &Drift, asked: &Asked<'a>) -> Form<'a> {
    let is_offered = drift.frozen.is_some() && visit.actor.may(Action::Resolve, grant.resource());
    let mine = drift.words.iter().rev().find(|word| word.decider == visit.actor.id);
    let remark = match (&drift.frozen, mine) {
        (None, _) => None,
        (Some(_), _) if !is_offered => Some("Administrators and managers resolve it, two of them.".to_owned()),
        (Some(_), Some(word)) => Some(format!("You said {} already: somebody else has to say the same.", word.resolution)),
        (Some(_), None) => None,
    };
    Form { is_offered, remark, resolution: asked.resolution, reason: asked.reason }
}

fn told(explanation: Explanation, drift: &Drift, time: &impl Fn(chrono::DateTime<Utc>) -> TimeShown) -> Told {
    let plain = |text: &str| Told { text: text.to_owned(), at: None, href: None, remark: None };
    match explanation {
        Explanation::Nothing => plain(
            "No entry of the log explains it: it was like this before the console came, or somebody wrote with the audit triggers switched off.",
        ),
        Explanation::TooSlow => plain("The log could not be looked through in time. The account's history has its entries."),
        Explanation::Entry(culprit) => {
            let currency = drift.currency.as_deref();
            let remark = if culprit.explained == drift.difference {
                "That explains the whole difference.".to_owned()
            } else {
                format!(
                    "What went past the door explains a difference of {}, not of {}.",
                    money(&culprit.explained, currency),
                    money(&drift.difference, currency)
                )
            };
            let table = match culprit.table {
                Table::Accounts => "accounts",
                Table::Transactions => "transactions",
            };
            Told {
                text: deed(&culprit, currency.unwrap_or_default()),
                at: culprit.at.map(time),
                href: Some(format!("/tables/{table}/{}/history", culprit.record.as_hyphenated())),
                remark: Some(remark),
            }
        }
    }
}

/// "db:platform changed the balance from 100.00 to 150.00 USD"
fn deed(culprit: &Culprit, currency: &str) -> String {
    let who = name(&culprit.doer);
    let side = |amount: &Option<String>| amount.as_ref().map_or_else(|| "nothing".to_owned(), |amount| format!("{amount} {currency}"));
    let (before, after) = (side(&culprit.before), side(&culprit.after));
    match (culprit.table, culprit.action.as_str()) {
        (Table::Accounts, _) => format!("{who} changed the balance from {before} to {after}"),
        (Table::Transactions, "INSERT") => format!("{who} added a completed transaction that adds {after}"),
        (Table::Transactions, "DELETE") => format!("{who} deleted a completed transaction that added {before}"),
        (Table::Transactions, _) => format!("{who} changed what a transaction adds to the balance from {before} to {after}"),
    }
}
