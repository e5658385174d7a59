//! How does an alias stop standing for its API?

use uuid::Uuid;

use super::{Done, WorkflowError};
use crate::{
    auth::grant::Grant,
    db::{value::Value, write::Write},
    resource::store,
};

/// # Errors
/// `Conflict` where it is inactive already.
pub(super) async fn deactivate(write: &Write, grant: &Grant, id: Uuid) -> Result<Done, WorkflowError> {
    let alias = store::locked(write, grant, id).await?;
    if alias.value("is_active") == &Value::Bool(false) {
        return Err(WorkflowError::Conflict(format!("“{}” is inactive already.", alias.label())));
    }
    write.execute("UPDATE ssot_api_aliases SET is_active = false WHERE id = $1", &[&id]).await?;
    Ok(Done::saying(id, format!("Deactivated “{}”: it stands for nothing any more.", alias.label())))
}
