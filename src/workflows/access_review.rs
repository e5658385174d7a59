//! How is it decided who keeps the access they have?

use uuid::Uuid;

use super::{WorkflowError, expect, review};
use crate::{
    audit::access::{Scope, Verdict},
    auth::{actor::Actor, grant::Grant, policy::Action},
    db::write::Write,
    resource::store::StoreError,
};

const LONGEST_TITLE: usize = 200;

const START: &str = "\
INSERT INTO access_reviews (id, scope, title, started_by, started_by_name) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";

const DECIDE: &str = "\
UPDATE access_review_verdicts SET verdict = $3, note = $4, decided_by = $5, decided_by_name = $6, decided_at = CURRENT_TIMESTAMP \
 WHERE review_id = $1 AND user_id = $2";

const CLOSE: &str = "\
UPDATE access_reviews SET closed_by = $2, closed_by_name = $3, closed_at = CURRENT_TIMESTAMP, undecided = 0 \
 WHERE id = $1 AND (closed_at IS NOT NULL OR $4 >= (SELECT count(*) FROM access_review_verdicts v WHERE v.review_id = $1 AND v.verdict IS NULL))";

const EXISTS: &str = "SELECT EXISTS (SELECT FROM access_reviews r WHERE r.id = $1)";

/// Freezes whom the review is about; the same form sent again begins no second one.
///
/// # Errors
/// `Fields` for a title that will not do.
pub async fn start(write: &Write, actor: &Actor, grant: &Grant, id: Uuid, scope: Scope, title: &str) -> Result<(), WorkflowError> {
    expect(grant, &[Action::ReviewAccess])?;
    let title = review::words("title", title)?;
    if title.is_empty() {
        return Err(WorkflowError::field("title", "Give it a name, such as “Privileged users, fourth quarter”."));
    }
    if title.chars().count() > LONGEST_TITLE {
        return Err(WorkflowError::field("title", "Is too long: at most 200 letters."));
    }
    write.allow(std::time::Duration::from_secs(60)).await?;
    write.execute(START, &[&id, &scope.name(), &title, &actor.id, &actor.username]).await.map_err(review::refused)?;
    Ok(())
}

/// Says of one user of the population what becomes of their access; said again, it replaces what was said before.
///
/// # Errors
/// `Forbidden` for one's own access, `Conflict` once the review is closed, `Fields` without a reason for what is not kept.
pub async fn decide(
    write: &Write,
    actor: &Actor,
    grant: &Grant,
    id: Uuid,
    user: Uuid,
    verdict: Verdict,
    note: &str,
) -> Result<(), WorkflowError> {
    expect(grant, &[Action::ReviewAccess])?;
    let note = review::words("note", note)?;
    if verdict != Verdict::Keep && note.is_empty() {
        return Err(WorkflowError::field("note", "Say what is to change or why it goes: whoever does it has to know."));
    }
    let decided =
        write.execute(DECIDE, &[&id, &user, &verdict.name(), &note, &actor.id, &actor.username]).await.map_err(review::refused)?;
    if decided == 0 { Err(WorkflowError::Store(StoreError::Missing)) } else { Ok(()) }
}

/// Ends it; whoever closes it has seen that so many were not decided on.
///
/// # Errors
/// `Conflict` where it is closed already, or more are undecided than were seen.
pub async fn close(write: &Write, actor: &Actor, grant: &Grant, id: Uuid, undecided: i64) -> Result<(), WorkflowError> {
    expect(grant, &[Action::ReviewAccess])?;
    // A decision under way is waited for, or comes too late.
    write.query("SELECT r.id FROM access_reviews r WHERE r.id = $1 FOR UPDATE", &[&id]).await?;
    let closed = write.execute(CLOSE, &[&id, &actor.id, &actor.username, &undecided]).await.map_err(review::refused)?;
    if closed > 0 {
        return Ok(());
    }
    let exists: bool = write.query_one(EXISTS, &[&id]).await?.try_get(0)?;
    if !exists {
        return Err(WorkflowError::Store(StoreError::Missing));
    }
    Err(WorkflowError::Conflict("Not everybody was decided on. Look at who is left below, and close it again if that is meant.".to_owned()))
}
