//! What does somebody see first, in their role?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

mod balances;
mod days;
pub mod deeds;
mod figures;

use super::{
    approvals::{self, Beginning, QueueCounts, Row},
    audit::telling::EntryView,
    audit_coverage::{self, Alarm},
    audit_proof,
    chart::Chart,
    display::{Age, Counted, MoneyShown, RecordLink, Shown},
    frame::{Crumb, Frame},
    holds, response, reviews,
    shown::{self, Viewer},
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::seal::store,
    auth::{
        actor::Actor,
        policy::Action,
        role::Role::{self, Admin, Auditor, Manager, User, Viewer as Observer},
    },
    db::{
        pool::{Connection, DatabaseError},
        value::Number,
    },
    error::PageError,
    operations::{indexes, ledger, notices::Notice, trigrams::Trigrams},
    resource::{
        Resource, page,
        request::{ListRequest, Query},
    },
};
use figures::Figure;

/// The beginning of a list, as a card.
struct DeclaredCard {
    roles: &'static [Role],
    title: &'static str,
    table: &'static str,
    query: &'static [(&'static str, &'static str)],
    /// The column that names the row, one at its right, and one below.
    columns: &'static str,
    empty: &'static str,
}

const CARDS: &[DeclaredCard] = &[
    DeclaredCard {
        roles: &[User],
        title: "My accounts",
        table: "accounts",
        query: &[("sort", "account_name")],
        columns: "account_name,balance,account_number",
        empty: "You own no account.",
    },
    DeclaredCard {
        roles: &[Admin],
        title: "Pending longest",
        table: "transactions",
        query: &[("status", "pending"), ("sort", "created_at")],
        columns: "account_id,amount,created_at",
        empty: "No transaction is pending.",
    },
    DeclaredCard {
        roles: &[User],
        title: "My latest transactions",
        table: "transactions",
        query: &[("sort", "-transaction_date")],
        columns: "description,amount,transaction_date",
        empty: "There is no transaction yet.",
    },
    DeclaredCard {
        roles: &[Observer],
        title: "Latest transactions",
        table: "transactions",
        query: &[("sort", "-transaction_date")],
        columns: "account_id,amount,transaction_date",
        empty: "There is no transaction yet.",
    },
    DeclaredCard {
        roles: &[Auditor],
        title: "Signed in last",
        table: "users",
        query: &[("sort", "-last_login")],
        columns: "full_name,role,last_login",
        empty: "Nobody has signed in yet.",
    },
    DeclaredCard {
        roles: &[Admin, Manager],
        title: "Aliases that end next",
        table: "ssot_api_aliases",
        query: &[("alias_type", "temporary"), ("is_active", "true"), ("expires_at.from", "@now"), ("sort", "expires_at")],
        columns: "alias_name,context,expires_at",
        empty: "No temporary alias is about to end.",
    },
];
const CARD_ROWS: &str = "6";

struct Card<'a> {
    title: &'static str,
    href: String,
    empty: &'static str,
    rows: Vec<CardRow<'a>>,
}

/// Rendered cells outlive the page read for them.
struct CardRow<'a> {
    viewer: Viewer<'a>,
    href: String,
    cells: Vec<crate::resource::record::Cell>,
    columns: Vec<&'static crate::resource::Column>,
}

struct BalanceRow {
    currency: Option<String>,
    href: String,
    accounts: i64,
    balance: Sum,
    pending_debits: Sum,
    available: Sum,
}

/// An amount without its currency, which the row's head says.
enum Sum {
    Amount(Decimal),
    Text(String),
}

impl Sum {
    fn of(number: Option<Number>) -> Sum {
        match number {
            Some(Number::Decimal(amount)) => Sum::Amount(amount),
            Some(odd) => Sum::Text(odd.to_string()),
            None => Sum::Text("unknown".to_owned()),
        }
    }

    fn shown<'a>(&'a self, currency: &'a Option<String>) -> MoneyShown<'a> {
        match self {
            Sum::Amount(amount) => MoneyShown::new(*amount, currency.as_deref()),
            Sum::Text(text) => MoneyShown::odd(text, None),
        }
    }
}

#[derive(Template)]
#[template(path = "dashboard/index.html")]
struct DashboardPage<'a> {
    frame: Frame,
    today: String,
    /// The queue, for whoever decides and does little else.
    waiting: Option<Counted>,
    rows: Vec<Row<'a>>,
    figures: Vec<Figure>,
    charts: Vec<Chart>,
    balances: Vec<BalanceRow>,
    /// `None` for whoever may not read the log.
    deeds: Option<Vec<EntryView>>,
    cards: Vec<Card<'a>>,
    has_role: bool,
    notices: Vec<&'a Notice>,
    /// How many indexes are still to be built; told to whoever may look after them.
    missing_indexes: usize,
    /// What makes searches quick where they are not.
    trigrams: Option<&'static str>,
    /// Pending transactions that do not expire until an administrator has looked at them.
    held: Option<Counted>,
    /// How far the log is sealed; told to whoever reads it for a living.
    seal: Option<Seal>,
    /// Accounts that nothing is decided on; told to whoever can do something about it.
    frozen: i64,
    /// What the trail does not hold; told to whoever reads it.
    alarm: Option<Alarm>,
}

impl CardRow<'_> {
    fn shown(&self, index: usize) -> Shown<'_> {
        shown::shown(self.columns[index], &self.cells[index], &self.viewer)
    }
}

/// `GET /`
pub async fn index(
    console: web::Data<Console>,
    visit: Visit,
    counts: web::Data<QueueCounts>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let now = Utc::now();
    let actor = &visit.actor;
    let connection = console.database.read().await?;
    let frame = Frame::for_page(
        &console,
        &visit,
        &request,
        "Dashboard",
        vec![Crumb { label: "Work".to_owned(), href: None }, Crumb { label: "Dashboard".to_owned(), href: None }],
    );
    let today = now.with_timezone(&actor.preferences.time_zone).format("%A %-d %B %Y, %H:%M %Z").to_string();
    let beginning = queue(&console, &connection, actor, &counts).await?;
    let (missing_indexes, trigrams) = weaknesses(&connection, actor).await?;
    let page = DashboardPage {
        frame,
        today,
        waiting: beginning.as_ref().map(|beginning| beginning.count),
        rows: beginning.as_ref().map(|beginning| beginning.rows(actor.id, now)).unwrap_or_default(),
        figures: figures(&console, &visit, &connection).await?,
        charts: charts(&console, &connection, actor).await?,
        balances: balance_rows(&console, &connection, actor).await?,
        deeds: deeds(&console, &connection, &visit).await?,
        cards: cards(&console, &connection, actor).await?,
        has_role: actor.role.is_some(),
        frozen: frozen(&console, &connection, actor).await?,
        seal: seal(&console, &visit, &connection, now).await?,
        alarm: audit_coverage::alarm(&console, actor),
        missing_indexes,
        trigrams,
        notices: console.notices.iter().filter(|_| actor.role == Some(Admin)).collect(),
        held: if actor.role == Some(Admin) { unless_slow(holds::held(&connection).await)?.flatten() } else { None },
    };
    Ok(response::page(&request, StatusCode::OK, &page))
}

/// For whoever reviews the log first what is not reviewed.
async fn figures(console: &Console, visit: &Visit, connection: &Connection) -> Result<Vec<Figure>, DatabaseError> {
    let mut figures = figures::read(console, connection, &visit.actor, Utc::now()).await?;
    if visit.actor.role == Some(Auditor)
        && let Some(value) = reviews::waiting(console, visit, connection).await?
    {
        let (title, remark, href) = ("Not reviewed", "entries of the log", urls::REVIEWS.to_owned());
        figures.insert(0, Figure { title, value, remark, href });
    }
    Ok(figures)
}

async fn frozen(console: &Console, connection: &Connection, actor: &Actor) -> Result<i64, DatabaseError> {
    match console.registry.find("accounts") {
        Some(accounts) if actor.may(Action::Resolve, accounts) => ledger::frozen(connection).await,
        Some(_) | None => Ok(0),
    }
}

/// The line about the last seal.
struct Seal {
    sealed: u64,
    waiting: String,
    last: Option<Age>,
}

async fn seal(console: &Console, visit: &Visit, connection: &Connection, now: DateTime<Utc>) -> Result<Option<Seal>, DatabaseError> {
    if visit.actor.role != Some(Auditor) || !audit_proof::may_read(console, visit) {
        return Ok(None);
    }
    let read = async || Ok((store::standing(connection).await?, store::last(connection).await?));
    Ok(unless_slow(read().await)?.map(|(standing, last)| Seal {
        waiting: audit_proof::waiting(&standing),
        sealed: last.as_ref().map_or(0, |last| last.size),
        last: last.and_then(|last| last.at?.moment()).map(|at| Age::between(at, now)),
    }))
}

async fn weaknesses(connection: &Connection, actor: &Actor) -> Result<(usize, Option<&'static str>), DatabaseError> {
    if actor.role != Some(Admin) {
        return Ok((0, None));
    }
    let missing = unless_slow(indexes::missing(&connection.client).await)?.map_or(0, |missing| missing.len());
    Ok((missing, Trigrams::of(&connection.client).await?.remedy()))
}

async fn queue(
    console: &Console,
    connection: &Connection,
    actor: &Actor,
    counts: &QueueCounts,
) -> Result<Option<Beginning>, DatabaseError> {
    if actor.role != Some(Manager) {
        return Ok(None);
    }
    Ok(unless_slow(approvals::beginning(console, connection, actor, counts).await)?.flatten())
}

fn readable(console: &Console, actor: &Actor, table: &str) -> Option<(&'static Resource, crate::auth::grant::Grant)> {
    let resource = console.registry.find(table)?;
    Some((resource, actor.authorize(Action::Read, resource).ok()?))
}

/// A picture that takes too long is left out; the lists it would lead to are still there.
fn unless_slow<T>(answer: Result<T, DatabaseError>) -> Result<Option<T>, DatabaseError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(DatabaseError::TooSlow) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn charts(console: &Console, connection: &Connection, actor: &Actor) -> Result<Vec<Chart>, DatabaseError> {
    let (zone, now) = (actor.preferences.time_zone, Utc::now());
    let chart = match actor.role {
        Some(Auditor) => match readable(console, actor, "audit_logs") {
            Some((_, log)) => unless_slow(days::entries(connection, &log, zone, now).await)?,
            None => None,
        },
        Some(Admin | Manager | User | Observer) => match readable(console, actor, "transactions") {
            Some((_, grant)) => unless_slow(days::transactions(connection, &grant, zone, now).await)?,
            None => None,
        },
        None => None,
    };
    Ok(chart.into_iter().collect())
}

async fn balance_rows(console: &Console, connection: &Connection, actor: &Actor) -> Result<Vec<BalanceRow>, DatabaseError> {
    let Some((accounts, grant)) = readable(console, actor, "accounts").filter(|_| actor.role != Some(Auditor)) else {
        return Ok(Vec::new());
    };
    let balances = unless_slow(balances::read(connection, &grant).await)?.unwrap_or_default();
    Ok(balances
        .into_iter()
        .map(|balance| BalanceRow {
            href: urls::list_of(
                accounts,
                &match &balance.currency {
                    Some(currency) => Query::default().with("currency", currency),
                    None => Query::default().with("currency.empty", "yes"),
                },
            ),
            available: Sum::of(balance.available()),
            balance: Sum::of(Some(balance.balance)),
            pending_debits: Sum::of(Some(balance.pending_debits)),
            accounts: balance.accounts,
            currency: balance.currency,
        })
        .collect())
}

/// Who may read the log, and works with it, sees its end.
async fn deeds(console: &Console, connection: &Connection, visit: &Visit) -> Result<Option<Vec<EntryView>>, DatabaseError> {
    match (visit.actor.role, readable(console, &visit.actor, "audit_logs")) {
        (Some(Admin | Auditor), Some((_, log))) => unless_slow(deeds::read(connection, &log, &console.registry, visit).await),
        (_, _) => Ok(None),
    }
}

async fn cards<'a>(console: &Console, connection: &Connection, actor: &'a Actor) -> Result<Vec<Card<'a>>, DatabaseError> {
    let mut cards = Vec::new();
    for declared in CARDS.iter().filter(|card| actor.role.is_some_and(|role| card.roles.contains(&role))) {
        let Some((resource, grant)) = readable(console, actor, declared.table) else { continue };
        let pairs = figures::filled(declared.query, actor, Utc::now());
        let href = urls::list_of(resource, &Query(pairs.clone()));
        let mut asked = pairs;
        asked.extend([("columns".to_owned(), declared.columns.to_owned()), ("limit".to_owned(), CARD_ROWS.to_owned())]);
        let Ok(request) = ListRequest::parse(resource, &asked, actor.preferences.time_zone) else { continue };
        let Some(page) = unless_slow(page::read(connection, &grant, &request).await)? else { continue };
        // Nothing found so far is not nothing.
        if page.rows.is_empty() && page.reached.is_some() {
            continue;
        }
        let viewer = Viewer::new(actor, &grant, Utc::now());
        let rows = page.rows.into_iter().map(|row| CardRow {
            viewer,
            href: RecordLink { table: resource.table, id: row.id, back: None }.to_string(),
            cells: row.cells,
            columns: request.columns.clone(),
        });
        cards.push(Card { title: declared.title, href, empty: declared.empty, rows: rows.collect() });
    }
    Ok(cards)
}
