//! How is a completed transaction taken back?

use uuid::Uuid;

use super::{Done, WorkflowError, expect, replay, told};
use crate::{
    auth::{actor::Actor, grant::Grant, policy::Action},
    db::{pool::DatabaseError, write::Write},
    resource::store,
};

/// Makes the pending transaction that takes `original` back, under the id `id`; of a transfer both legs. The same form
/// sent again answers as the first time.
///
/// # Errors
/// `Conflict` where it is not completed, or reversed already; the field `reason` where none is given.
pub async fn reverse(write: &Write, actor: &Actor, grant: &Grant, id: Uuid, original: Uuid, reason: &str) -> Result<Done, WorkflowError> {
    expect(grant, &[Action::Reverse])?;
    // Whoever may not see it hears that it is not there.
    store::record(write, grant, original).await?;
    if reason.contains('\0') {
        return Err(WorkflowError::field("reason", "Holds a NUL character, which no text can have."));
    }
    replay::hold(write, id).await?;
    let row = write
        .query_opt(
            "SELECT coalesce(t.created_by = $2 \
                             AND EXISTS (SELECT 1 FROM public.transaction_reversals r \
                                          WHERE r.reversal_id = t.id AND r.original_id = ANY (public.nexus_unit($3))) \
                             AND t.description = (SELECT format('Reversal of %s: %s', coalesce(nullif(o.reference_number, ''), o.id::text), \
                                                                btrim($4::text, E' \\t\\r\\n')) \
                                                    FROM public.transactions o WHERE o.id = (public.nexus_unit($3))[1]), false) \
               FROM public.transactions t WHERE t.id = $1",
            &[&id, &actor.id, &original, &reason],
        )
        .await?;
    let done = Done::saying(id, "Made the reversal. It is pending until somebody else approves it.");
    match row.map(|row| row.try_get(0)).transpose()? {
        Some(true) => return Ok(done),
        Some(false) => return Err(replay::used()),
        None => {}
    }
    write
        .query_one("SELECT public.nexus_reverse($1, $2, $3)", &[&id, &original, &reason])
        .await
        .map_err(refused)
        .map_err(|error| error.at_fields_of(grant.resource()))?;
    told::waits(write, id).await?;
    Ok(done)
}

fn refused(error: DatabaseError) -> WorkflowError {
    let DatabaseError::Refused(objection) = error else {
        return error.into();
    };
    let conflict = |words: &str| WorkflowError::Conflict(words.to_owned());
    match (objection.code.as_str(), objection.constraint.as_str()) {
        ("NX023", "nexus_completed") => conflict("Only completed transactions are reversed."),
        ("NX023", "nexus_reversed") => conflict("It is reversed already, or about to be."),
        ("NX023", _) => conflict("It moved nothing that could be moved back."),
        ("NX016", _) => conflict("The account is not active, so nothing can be moved back."),
        ("NX019", "nexus_currency") => conflict("The two accounts are no longer of one currency."),
        _ => DatabaseError::Refused(objection).into(),
    }
}
