//! Which entry of the log is the first that does not fit: after which balance and entries no longer agree?

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{drifts::Drift, number};
use crate::{
    audit::{entry::Doer, history::HistoryGrant},
    db::{
        pool::{Connection, DatabaseError, Parameter},
        value::Number,
    },
};

/// The log's answer.
#[derive(Debug, Clone)]
pub enum Explanation {
    /// The first entry past the door, after which nothing made the two agree again.
    Entry(Box<Culprit>),
    /// No entry explains it: somebody wrote with the triggers off, or the log does not go back so far.
    Nothing,
    /// The log could not be looked through in time.
    TooSlow,
}

#[derive(Debug, Clone)]
pub struct Culprit {
    pub entry: Uuid,
    pub doer: Doer,
    pub at: Option<DateTime<Utc>>,
    pub table: Table,
    /// The record it is about.
    pub record: Uuid,
    pub action: String,
    /// The balance, or what the transaction adds to it, as the entry has it before and after.
    pub before: Option<String>,
    pub after: Option<String>,
    /// By how much all such entries together move the balance away from the entries.
    pub explained: Number,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    Accounts,
    Transactions,
}

/// What no decision stands behind: changes of the balance, and changes of what the completed transactions add up to.
/// Both sides of what is done in one piece cancel out, so the first entry after the last agreement is the one.
///
/// `$2`: since when, for everything that an index finds; `$3`: since when, for transactions that moved to another
/// account, which only a walk through the log finds. Numbers in the log may be anybody's: only what looks like one counts.
const ENTRIES: &str = "\
    WITH records AS ( \
        SELECT t.id FROM public.transactions t WHERE t.account_id = $1 \
        UNION \
        SELECT l.entity_id FROM public.audit_logs l \
         WHERE l.action = 'DELETE' AND l.entity_type = 'transactions' AND l.created_at > $2 \
           AND l.old_values ->> 'account_id' = $1::text \
        UNION \
        SELECT l.entity_id FROM public.audit_logs l \
         WHERE l.created_at > $3 AND l.entity_type = 'transactions' AND l.action = 'UPDATE' \
           AND l.old_values ->> 'account_id' = $1::text AND l.new_values ->> 'account_id' <> $1::text), \
    candidates AS ( \
        SELECT l.id FROM public.audit_logs l \
         WHERE l.entity_type = 'accounts' AND l.entity_id = $1 AND l.action = 'UPDATE' AND l.created_at > $2 \
           AND l.old_values -> 'balance' IS DISTINCT FROM l.new_values -> 'balance' \
        UNION ALL \
        SELECT l.id FROM records r \
          JOIN public.audit_logs l ON l.entity_type = 'transactions' AND l.entity_id = r.id AND l.created_at > $2), \
    sides AS ( \
        SELECT l.id, l.created_at, l.entity_type, l.entity_id, l.action, l.user_id, \
               CASE WHEN l.entity_type = 'accounts' THEN l.old_values ->> 'balance' \
                    WHEN l.old_values ->> 'status' = 'completed' AND l.old_values ->> 'account_id' = $1::text \
                    THEN l.old_values ->> 'amount' END AS amount_before, \
               CASE WHEN l.entity_type = 'accounts' THEN l.new_values ->> 'balance' \
                    WHEN l.new_values ->> 'status' = 'completed' AND l.new_values ->> 'account_id' = $1::text \
                    THEN l.new_values ->> 'amount' END AS amount_after, \
               l.old_values ->> 'transaction_type' AS type_before, l.new_values ->> 'transaction_type' AS type_after \
          FROM candidates c JOIN public.audit_logs l ON l.id = c.id \
         WHERE NOT EXISTS (SELECT 1 FROM public.audit_details d \
                            WHERE d.log = 'audit_logs' AND d.entry_id = l.id AND d.approval_id IS NOT NULL)), \
    numbers AS ( \
        SELECT s.id, s.created_at, s.entity_type, s.entity_id, s.action, s.user_id, s.type_before, s.type_after, \
               CASE WHEN s.amount_before ~ '^(-?[0-9]{1,30}(\\.[0-9]{1,30})?|NaN)$' THEN s.amount_before::numeric END AS before, \
               CASE WHEN s.amount_after ~ '^(-?[0-9]{1,30}(\\.[0-9]{1,30})?|NaN)$' THEN s.amount_after::numeric END AS after \
          FROM sides s), \
    effects AS ( \
        SELECT n.id, n.created_at, n.entity_type, n.entity_id, n.action, n.user_id, \
               CASE WHEN n.entity_type = 'accounts' THEN n.before ELSE public.nexus_effect(n.type_before, n.before) END AS before, \
               CASE WHEN n.entity_type = 'accounts' THEN n.after ELSE public.nexus_effect(n.type_after, n.after) END AS after \
          FROM numbers n), \
    moved AS ( \
        SELECT e.id, e.created_at, e.entity_type, e.entity_id, e.action, e.user_id, e.before, e.after, \
               CASE WHEN e.entity_type = 'accounts' THEN coalesce(e.after, 0) - coalesce(e.before, 0) \
                    ELSE coalesce(e.before, 0) - coalesce(e.after, 0) END AS apart \
          FROM effects e), \
    running AS ( \
        SELECT m.id, m.created_at, m.entity_type, m.entity_id, m.action, m.user_id, m.before, m.after, \
               sum(m.apart) OVER place AS apart, row_number() OVER place AS position \
          FROM moved m WHERE m.apart <> 0 \
        WINDOW place AS (ORDER BY m.created_at, m.id ROWS UNBOUNDED PRECEDING)) \
    SELECT r.id, r.created_at, r.entity_type, r.entity_id, r.action, r.before::text, r.after::text, \
           (SELECT z.apart FROM running z ORDER BY z.position DESC LIMIT 1) AS explained, \
           r.user_id::text AS user_id, d.actor_kind, d.actor_name, u.id AS acting_id, u.full_name AS acting_name \
      FROM running r \
      LEFT JOIN public.audit_details d ON d.log = 'audit_logs' AND d.entry_id = r.id \
      LEFT JOIN public.users u ON u.id = r.user_id \
     WHERE r.position > coalesce((SELECT max(z.position) FROM running z WHERE z.apart = 0), 0) \
     ORDER BY r.position LIMIT 1";

/// From where on the log matters: the end of an earlier drift, or the account's opening; and the last full check at
/// which this account, not being frozen yet, was in order.
const SINCE: &str = "\
    SELECT (SELECT max(d.decided_at) FROM public.ledger_decisions d WHERE d.account_id = o.account_id AND d.decided_at < o.frozen_since), \
           (SELECT max(c.started_at) FROM public.ledger_checks c WHERE c.extent = 'full' AND c.finished_at < o.frozen_since), o.id \
      FROM public.account_ledger o WHERE o.account_id = $1";

/// Looks for it.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn of(connection: &Connection, _: HistoryGrant, drift: &Drift) -> Result<Explanation, DatabaseError> {
    let Some(row) = connection.query_opt(SINCE, &[&drift.account]).await? else { return Ok(Explanation::Nothing) };
    let (resolved, checked): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) = (row.try_get(0)?, row.try_get(1)?);
    let ledger: Uuid = row.try_get(2)?;
    let since = resolved.or_else(|| opened(ledger)).unwrap_or(DateTime::UNIX_EPOCH);
    let moved_since = checked.map_or(since, |checked| checked.max(since));
    let parameters: [Parameter<'_>; 3] = [&drift.account, &since, &moved_since];
    match connection.query_opt(ENTRIES, &parameters).await {
        Ok(None) => Ok(Explanation::Nothing),
        Ok(Some(row)) => Ok(Explanation::Entry(Box::new(Culprit {
            entry: row.try_get(0)?,
            doer: Doer::of(&row)?,
            at: row.try_get(1)?,
            table: if row.try_get::<_, &str>(2)? == "accounts" { Table::Accounts } else { Table::Transactions },
            record: row.try_get(3)?,
            action: row.try_get(4)?,
            before: row.try_get(5)?,
            after: row.try_get(6)?,
            explained: number(&row, 7)?,
        }))),
        Err(DatabaseError::TooSlow) => Ok(Explanation::TooSlow),
        Err(error) => Err(error),
    }
}

/// The moment in the id of the ledger's row, which was made with the account's. Entries of before are its opening.
fn opened(ledger: Uuid) -> Option<DateTime<Utc>> {
    let (seconds, nanoseconds) = ledger.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
}
