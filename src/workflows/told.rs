//! Who hears that a transaction waits, was decided, asked about or answered for?

use uuid::Uuid;

use super::approval::Standing;
use crate::{
    auth::origin::Party,
    db::{pool::DatabaseError, write::Write},
    resource::money::WITHOUT_MINOR_UNIT,
};

/// What heads the one notification of all that waits. Whoever has not read it yet gets no second one.
pub const WAITING: &str = "Transactions wait for your decision";
/// Its text; the last line leads there.
pub const WHAT_WAITS: &str = "Somebody else made them, and they need people who may approve, reject or ask.\n/approvals";

/// One statement about a transaction, or both legs of a transfer: `subject` says in words which, and where it is to
/// be found. An amount is written like on the pages: with no decimals where its currency has none.
macro_rules! about {
    ($told:literal) => {
        concat!(
            "WITH subject AS (\
                SELECT t.id, t.created_by, t.updated_by, \
                       format('%s of %s %s, %s%s', initcap(t.transaction_type), \
                              CASE WHEN a.currency = ANY ($2::text[]) AND t.amount = trunc(t.amount) \
                                   THEN to_char(abs(t.amount), 'FM9,999,999,999,990') \
                                   ELSE to_char(abs(t.amount), 'FM9,999,999,999,990.00') END, \
                              a.currency, a.account_name, ' to ' || counter.account_name) AS words \
                  FROM transactions t JOIN accounts a ON a.id = t.account_id \
                  LEFT JOIN transaction_transfers l ON l.source_id = t.id \
                  LEFT JOIN transactions c ON c.id = l.target_id \
                  LEFT JOIN accounts counter ON counter.id = c.account_id \
                 WHERE t.id = (public.nexus_unit($1))[1]) \
             INSERT INTO notifications (user_id, title, message, notification_type) ",
            $told,
            // Nobody is told what they did themselves, and nobody who is gone is told anything.
            " AND u.is_active AND u.id IS DISTINCT FROM $3::uuid"
        )
    };
}

/// Those who may decide it and have nothing unread that says so.
macro_rules! unaware {
    ($told:literal, $rest:literal) => {
        concat!(
            $told,
            " FROM users u \
              WHERE u.is_active AND u.role IN ('admin', 'manager') \
                AND NOT EXISTS (SELECT FROM transactions t \
                                 WHERE t.id = ANY (public.nexus_unit($1)) AND u.id IN (t.created_by, t.updated_by)) \
                AND NOT EXISTS (SELECT FROM notifications n \
                                 WHERE n.user_id = u.id AND n.is_read IS NOT TRUE AND n.title = $2::text \
                                   AND (n.expires_at IS NULL OR n.expires_at > now())) ",
            $rest
        )
    };
}

/// Tells those who may decide that something waits: one notification each, however much it is, until they read it.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn waits(write: &Write, transaction: Uuid) -> Result<(), DatabaseError> {
    if write.query_opt(unaware!("SELECT u.id", "LIMIT 1"), &[&transaction, &WAITING]).await?.is_none() {
        return Ok(());
    }
    // Of two who make something at once the second sees whom the first has told. Mostly nobody comes this far.
    write.query_one("SELECT pg_advisory_xact_lock(hashtextextended('nexus: waiting', 0))", &[]).await?;
    write
        .execute(
            unaware!(
                "INSERT INTO notifications (user_id, title, message, notification_type) SELECT u.id, $2::text, $3::text, 'info'",
                "ORDER BY u.id"
            ),
            &[&transaction, &WAITING, &WHAT_WAITS],
        )
        .await?;
    Ok(())
}

/// Tells the maker how their transaction ended. While it needs somebody else as well there is nothing to tell.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn decided(write: &Write, transaction: Uuid, standing: Standing, reason: &str) -> Result<(), DatabaseError> {
    match standing {
        Standing::Posted => ended(write, transaction, "Your transaction was approved", "The money has moved.", "success", reason).await,
        Standing::Rejected => {
            ended(write, transaction, "Your transaction was rejected", "It is cancelled, and no money moved.", "error", reason).await
        }
        Standing::Approved { .. } => Ok(()),
    }
}

/// Tells each maker once what became of theirs in a bulk decision, however many of theirs it decided.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn decided_together(write: &Write, run: Uuid) -> Result<(), DatabaseError> {
    write
        .execute(
            "INSERT INTO notifications (user_id, title, message, notification_type) \
             SELECT u.id, CASE r.decision WHEN 'approve' THEN 'Your transactions were approved' ELSE 'Your transactions were rejected' END, \
                    count(*) || CASE r.decision WHEN 'approve' THEN ' of yours, and the money has moved.' \
                                                ELSE ' of yours. They are cancelled, and no money moved.' END \
                        || coalesce(E'\\nReason: ' || nullif(btrim(r.reason, E' \\t\\r\\n'), ''), '') || E'\\n/tables/transactions', \
                    CASE r.decision WHEN 'approve' THEN 'success' ELSE 'error' END \
               FROM decision_runs r \
               JOIN decision_run_items i ON i.run_id = r.id AND i.outcome IN ('posted', 'rejected') \
               JOIN transactions t ON t.id = i.record_id \
               JOIN users u ON u.id = t.created_by AND u.is_active AND u.id <> r.decider \
              WHERE r.id = $1 GROUP BY u.id, r.decision, r.reason",
            &[&run],
        )
        .await?;
    Ok(())
}

/// Tells the maker that nobody decided in time.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn expired(write: &Write, transaction: Uuid, reason: &str) -> Result<(), DatabaseError> {
    ended(write, transaction, "Your transaction expired", "Nobody decided it in time, and no money moved.", "warning", reason).await
}

async fn ended(
    write: &Write,
    transaction: Uuid,
    title: &'static str,
    consequence: &'static str,
    kind: &'static str,
    reason: &str,
) -> Result<(), DatabaseError> {
    write
        .execute(
            about!(
                "SELECT u.id, $4::text, s.words || E'.\\n' || $5::text \
                        || coalesce(E'\\nReason: ' || nullif(btrim($6::text, E' \\t\\r\\n'), ''), '') \
                        || E'\\n/tables/transactions/' || s.id, $7::text \
                   FROM subject s JOIN users u ON u.id = s.created_by WHERE true"
            ),
            &[&transaction, &WITHOUT_MINOR_UNIT, &actor(write), &title, &consequence, &reason, &kind],
        )
        .await?;
    Ok(())
}

/// Asks the maker, and whoever edited it last.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn asked(write: &Write, transaction: Uuid, question: &str) -> Result<(), DatabaseError> {
    write
        .execute(
            about!(
                "SELECT u.id, 'A question about your transaction', \
                        s.words || E'.\\n' || coalesce(asker.full_name, 'Somebody') || ' asks: ' || btrim($4::text, E' \\t\\r\\n') \
                        || E'\\nAnswer or edit it: until then nobody can approve it.\\n/approvals/' || s.id, 'warning' \
                   FROM subject s JOIN users u ON u.id IN (s.created_by, s.updated_by) \
                   LEFT JOIN users asker ON asker.id = $3::uuid WHERE true"
            ),
            &[&transaction, &WITHOUT_MINOR_UNIT, &actor(write), &question],
        )
        .await?;
    Ok(())
}

/// Tells whoever asked that this transaction's question is closed: answered, or the transaction edited.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn answered(write: &Write, transaction: Uuid) -> Result<(), DatabaseError> {
    write
        .execute(
            // Only a question that this very change has closed: it cannot be from before the change began.
            about!(
                "SELECT u.id, CASE q.outcome WHEN 'answered' THEN 'Your question was answered' ELSE 'What you asked about was edited' END, \
                        s.words || E'.\\n' || coalesce('The answer: ' || q.answer, 'You asked: ' || q.question) \
                        || E'\\nIt waits for a decision again.\\n/approvals/' || s.id, 'info' \
                   FROM subject s \
                   JOIN transaction_questions q ON q.transaction_id = s.id AND q.outcome IN ('answered', 'edited') \
                                               AND q.answered_at >= now() \
                   JOIN users u ON u.id = q.asked_by WHERE true"
            ),
            &[&transaction, &WITHOUT_MINOR_UNIT, &actor(write)],
        )
        .await?;
    Ok(())
}

/// A job is nobody who could be told.
fn actor(write: &Write) -> Option<Uuid> {
    match write.party() {
        Party::User(id) => Some(*id),
        Party::Key(_) | Party::System(_) => None,
    }
}
