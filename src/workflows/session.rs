//! How does a session end before its time?

use uuid::Uuid;

use super::{Done, WorkflowError, expect};
use crate::{
    auth::{
        grant::Grant,
        policy::Action,
        revocation::{self, Why},
    },
    db::{value::Value, write::Write},
    resource::store,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    One,
    /// Every session of the user whose this one is.
    AllOfUser,
}

/// Ends sessions from their next request on.
///
/// # Errors
/// `Conflict` where the one session has ended already.
pub async fn revoke(write: &Write, grant: &Grant, id: Uuid, reach: Reach) -> Result<Done, WorkflowError> {
    expect(grant, &[Action::Revoke])?;
    let session = store::locked(write, grant, id).await?;
    let why = if session.value("user_id").as_uuid() == Some(grant.actor()) { Why::Own } else { Why::Revoked };
    match reach {
        Reach::One if session.value("is_active") == &Value::Bool(false) => {
            Err(WorkflowError::Conflict("This session has ended already.".to_owned()))
        }
        Reach::One => {
            if let Some(user) = session.value("user_id").as_uuid() {
                revocation::one(write, user, id, why).await?;
            }
            Ok(Done::saying(id, "Revoked the session: it ends with its next request."))
        }
        Reach::AllOfUser => {
            let user = session.value("user_id").as_uuid();
            let ended = match user {
                Some(user) => revocation::all_but(write, user, None, why).await?,
                None => 0,
            };
            let message = if ended == 1 { "Revoked 1 session.".to_owned() } else { format!("Revoked {ended} sessions.") };
            Ok(Done::saying(id, message))
        }
    }
}
