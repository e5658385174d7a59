//! What waits for whom, and what cannot be decided as it is?

use tokio_postgres::Row;
use uuid::Uuid;

use super::{obstacle::Obstacle, rule::Rule};
use crate::{
    auth::grant::Grant,
    db::{
        pool::{Connection, DatabaseError, Limit},
        value::{Number, Timestamp, Value},
    },
    resource::{
        cursor::Cursor,
        request::{ListRequest, Position},
        statement::{Joined, Statement},
        store::{COUNTED, Count},
    },
};

/// The parts of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tab {
    /// I neither made nor edited it, have not approved it as it is, and nothing stands in the way.
    Mine,
    /// A question about it is open.
    Waiting,
    /// I made it or edited it last, so somebody else decides.
    Made,
    /// It cannot be decided as it is.
    Stuck,
}

impl Tab {
    pub const ALL: [Tab; 4] = [Tab::Mine, Tab::Waiting, Tab::Made, Tab::Stuck];

    pub const fn name(self) -> &'static str {
        match self {
            Tab::Mine => "mine",
            Tab::Waiting => "waiting",
            Tab::Made => "made",
            Tab::Stuck => "stuck",
        }
    }

    pub fn named(name: &str) -> Option<Tab> {
        Tab::ALL.into_iter().find(|tab| tab.name() == name)
    }

    const fn condition(self) -> &'static str {
        match self {
            Tab::Mine => MINE,
            Tab::Waiting => ASKED,
            Tab::Made => "(t.created_by = $1 OR t.updated_by = $1)",
            Tab::Stuck => "s.obstacle IS NOT NULL",
        }
    }
}

/// Open questions are few: read first, they lead to their transactions, where a walk along the queue would look at all.
const ASKED: &str = "t.id = ANY (ARRAY(SELECT q.transaction_id FROM public.transaction_questions q WHERE q.outcome IS NULL))";
/// The digest is worked out only where this person has approved: as part of the index condition it would be for every row.
const MINE: &str = "s.obstacle IS NULL \
    AND t.created_by <> $1 AND t.updated_by IS DISTINCT FROM $1 \
    AND o.created_by IS DISTINCT FROM $1 AND o.updated_by IS DISTINCT FROM $1 \
    AND NOT EXISTS (SELECT FROM public.transaction_questions q WHERE q.transaction_id = t.id AND q.outcome IS NULL) \
    AND NOT EXISTS (SELECT FROM public.transaction_approvals d \
                     WHERE d.transaction_id = t.id AND d.decider = $1 AND d.decision = 'approve' \
                       AND d.digest || '' = public.nexus_digest(public.nexus_approval_statement(t.id)))";

/// The parameters: who asks; whether the rule cannot be read; everybody who decides, where they are few; the days
/// after which an item expires.
const PENDING: &str = "\
    SELECT t.id, t.created_at, t.amount, t.transaction_type, t.reference_number, t.created_by, t.updated_by, \
           a.account_name, a.currency, b.account_name AS target_name, s.obstacle, s.short, $1::uuid AS reader \
      FROM public.transactions t \
      JOIN public.accounts a ON a.id = t.account_id \
      LEFT JOIN public.account_ledger l ON l.account_id = a.id \
      LEFT JOIN public.account_limits f ON f.account_id = a.id \
      LEFT JOIN public.transaction_transfers x ON x.source_id = t.id \
      LEFT JOIN public.transactions o ON o.id = x.target_id \
      LEFT JOIN public.accounts b ON b.id = o.account_id \
      LEFT JOIN public.account_ledger m ON m.account_id = b.id \
      CROSS JOIN LATERAL (SELECT CASE \
          WHEN $2::boolean THEN 'rule' \
          WHEN t.created_by IS NULL OR (o.id IS NOT NULL AND o.created_by IS NULL) THEN 'maker' \
          WHEN (t.transaction_type = 'transfer') <> (o.id IS NOT NULL) OR o.transaction_type <> 'transfer' \
               OR t.amount + o.amount <> 0 OR (o.id IS NOT NULL \
                    AND coalesce(t.reference_number, '') <> coalesce(o.reference_number, '')) THEN 'transfer' \
          WHEN o.id IS NOT NULL AND coalesce(a.currency, '') <> coalesce(b.currency, '') THEN 'currency' \
          WHEN t.amount = 'NaN' OR t.amount = 0 OR (t.amount < 0 AND t.transaction_type <> 'transfer') THEN 'amount' \
          WHEN a.is_active IS FALSE OR b.is_active IS FALSE THEN 'inactive' \
          WHEN l.frozen_since IS NOT NULL OR m.frozen_since IS NOT NULL OR a.balance = 'NaN' OR b.balance = 'NaN' THEN 'frozen' \
          WHEN public.nexus_effect(t.transaction_type, t.amount) < 0 \
               AND coalesce(a.balance, 0) + public.nexus_effect(t.transaction_type, t.amount) \
                   < CASE WHEN a.account_type IN ('credit', 'loan', 'investment') THEN f.lowest_balance ELSE 0 END THEN 'funds' \
          WHEN abs(coalesce(a.balance, 0) + public.nexus_effect(t.transaction_type, t.amount)) > 9999999999999.99 \
               OR abs(coalesce(b.balance, 0) + o.amount) > 9999999999999.99 THEN 'balance' \
          WHEN t.created_at <= now() - make_interval(days => $4::text::integer) \
               AND NOT EXISTS (SELECT FROM public.expiry_holds h WHERE h.transaction_id = t.id) THEN 'expired' \
          WHEN $3::text IS NOT NULL AND public.nexus_approvers_needed((SELECT public.nexus_approval_tiers()), a.currency, t.amount) \
               > cardinality(array_remove(array_remove(string_to_array($3::text, ',')::uuid[], t.created_by), t.updated_by)) \
               THEN 'stranded' \
          END AS obstacle, \
          CASE WHEN a.account_type IN ('credit', 'loan', 'investment') THEN f.lowest_balance ELSE 0 END \
              - coalesce(a.balance, 0) - public.nexus_effect(t.transaction_type, t.amount) AS short) s \
     WHERE ";
/// A transfer is one item, at its source leg.
const WAITS: &str = "t.status = 'pending' AND (t.transaction_type <> 'transfer' \
    OR NOT EXISTS (SELECT FROM public.transaction_transfers y WHERE y.target_id = t.id)) AND ";
const SHOWN: &str = "t.id, t.created_at, t.amount, t.transaction_type, t.reference_number, t.created_by, u.full_name, \
    t.account_name, t.currency, t.target_name, t.obstacle, t.short, \
    CASE WHEN NOT $2::boolean THEN public.nexus_approvers_needed((SELECT public.nexus_approval_tiers()), t.currency, t.amount) END, \
    CASE WHEN EXISTS (SELECT FROM public.transaction_approvals d WHERE d.transaction_id = t.id AND d.decision = 'approve') \
         THEN (SELECT count(*) FROM public.nexus_approvers(t.id, public.nexus_digest(public.nexus_approval_statement(t.id)))) ELSE 0 END";
const NAMES: &str = "LEFT JOIN public.users u ON u.id = t.created_by";

/// One line of the queue.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The source leg of a transfer.
    pub id: Uuid,
    pub created_at: Value,
    pub amount: Number,
    pub kind: String,
    pub reference: Option<String>,
    pub maker: Option<Uuid>,
    pub maker_name: Option<String>,
    pub account: String,
    pub currency: Option<String>,
    /// The account a transfer goes to.
    pub target: Option<String>,
    pub obstacle: Option<Obstacle>,
    /// Unknown while the rule cannot be read.
    pub needed: Option<i32>,
    pub so_far: i64,
}

#[derive(Debug)]
pub struct Page {
    pub rows: Vec<Waiting>,
    pub previous: Option<Cursor>,
    pub next: Option<Cursor>,
}

fn joined(rule: &Rule, grant: &Grant, condition: &'static str) -> Joined {
    Joined {
        parameters: vec![
            Value::Uuid(grant.actor()),
            Value::Bool(rule.fault.is_some()),
            rule.few_deciders.clone().map_or(Value::Null, Value::Text),
            Value::Text(rule.expiry_days.to_string()),
        ],
        head: vec![PENDING, WAITS, condition],
        shown: SHOWN,
        tail: NAMES,
    }
}

/// A page of one part of the queue, within the rows of the grant.
///
/// # Errors
/// `TooSlow` past the limit of a list.
pub async fn page(connection: &Connection, grant: &Grant, rule: &Rule, tab: Tab, request: &ListRequest) -> Result<Page, DatabaseError> {
    let limit = usize::from(request.limit);
    let mut rows = read(connection, grant, rule, tab, request, limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    if matches!(request.position, Position::Before(_)) {
        rows.reverse();
    }
    let (has_previous, has_next) = match request.position {
        Position::First => (false, more),
        Position::After(_) => (true, more),
        Position::Before(_) => (more, true),
    };
    let cursor = |row: Option<&Waiting>| row.map(|row| row.cursor(request));
    Ok(Page { previous: cursor(rows.first()).filter(|_| has_previous), next: cursor(rows.last()).filter(|_| has_next), rows })
}

/// The first item behind a place, whether or not that one is still there.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn next(
    connection: &Connection,
    grant: &Grant,
    rule: &Rule,
    tab: Tab,
    request: &ListRequest,
    place: Position,
) -> Result<Option<Uuid>, DatabaseError> {
    let behind = ListRequest { position: place, ..request.clone() };
    Ok(read(connection, grant, rule, tab, &behind, 1).await?.first().map(|row| row.id))
}

async fn read(
    connection: &Connection,
    grant: &Grant,
    rule: &Rule,
    tab: Tab,
    request: &ListRequest,
    wanted: usize,
) -> Result<Vec<Waiting>, DatabaseError> {
    let joined = joined(rule, grant, tab.condition());
    let mut found = Vec::with_capacity(wanted);
    for range in request.position.ranges(request.order_is_nullable()) {
        if found.len() == wanted {
            break;
        }
        let statement = Statement::joined(&joined, grant, request, &range, wanted - found.len() - 1);
        for row in connection.planned(statement.planning(), statement.text(), statement.parameters()).await? {
            found.push(Waiting::of(&row)?);
        }
    }
    Ok(found)
}

/// How many items a part has, or the whole queue; counted no further than lists are.
///
/// # Errors
/// See [`DatabaseError`]; running out of time is an answer.
pub async fn count(connection: &Connection, grant: &Grant, rule: &Rule, tab: Option<Tab>) -> Result<Count, DatabaseError> {
    let joined = joined(rule, grant, tab.map_or("true", Tab::condition));
    let statement = Statement::joined_count(&joined, grant, &[], usize::try_from(COUNTED).unwrap_or(usize::MAX - 1));
    match connection.planned_within(Limit::Count, statement.planning(), statement.text(), statement.parameters()).await {
        Ok(rows) => {
            let count = rows.first().map_or(Ok(0), |row| row.try_get::<_, i64>(0))?;
            let count = u64::try_from(count).unwrap_or(0);
            Ok(if count > COUNTED { Count::MoreThan(COUNTED) } else { Count::Exactly(count) })
        }
        Err(DatabaseError::TooSlow) => Ok(Count::Unknown),
        Err(error) => Err(error),
    }
}

/// What stands in the way of one transaction, whatever has become of it: asked by its source leg.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn obstacle(connection: &Connection, grant: &Grant, rule: &Rule, source: Uuid) -> Result<Option<Obstacle>, DatabaseError> {
    let Joined { mut parameters, .. } = joined(rule, grant, "");
    parameters.push(Value::Uuid(source));
    let text = [PENDING, "t.id = $5"].concat();
    let rows = connection.rows(&text, &parameters).await?;
    rows.first().map_or(Ok(None), |row| obstacle_of(row, 10, row.try_get::<_, Option<String>>(8)?))
}

fn obstacle_of(row: &Row, at: usize, currency: Option<String>) -> Result<Option<Obstacle>, DatabaseError> {
    let code: Option<String> = row.try_get(at)?;
    let short = number(row, at + 1)?;
    Ok(code.as_deref().and_then(|code| Obstacle::of(code, short, currency)))
}

/// A `numeric`, NULL as nothing.
pub(super) fn number(row: &Row, index: usize) -> Result<Option<Number>, DatabaseError> {
    Ok(match row.try_get::<_, Value>(index)? {
        Value::Number(number) => Some(number),
        _ => None,
    })
}

impl Waiting {
    fn of(row: &Row) -> Result<Waiting, DatabaseError> {
        let currency: Option<String> = row.try_get(8)?;
        Ok(Waiting {
            id: row.try_get(0)?,
            created_at: row.try_get(1)?,
            amount: number(row, 2)?.unwrap_or(Number::NotANumber),
            kind: row.try_get(3)?,
            reference: row.try_get(4)?,
            maker: row.try_get(5)?,
            maker_name: row.try_get(6)?,
            account: row.try_get(7)?,
            target: row.try_get(9)?,
            obstacle: obstacle_of(row, 10, currency.clone())?,
            currency,
            needed: row.try_get(12)?,
            so_far: row.try_get(13)?,
        })
    }

    /// Its place in the order of a request.
    fn cursor(&self, request: &ListRequest) -> Cursor {
        place(request, self.id, &self.created_at, &self.amount)
    }

    pub fn made_at(&self) -> Option<Timestamp> {
        self.created_at.as_time()
    }
}

/// Where an item stands in the order of a request.
pub fn place(request: &ListRequest, id: Uuid, created_at: &Value, amount: &Number) -> Cursor {
    let key = match request.order.column {
        "amount" => Value::Number(amount.clone()),
        "id" => Value::Uuid(id),
        _ => created_at.clone(),
    };
    Cursor { key, id }
}
