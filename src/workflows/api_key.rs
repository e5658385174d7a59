//! How is an API key issued, replaced and stopped?

use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Changes, Done, ShownOnce, WorkflowError, asked};
use crate::{
    auth::{
        actor::Actor,
        csrf::NoRandomness,
        grant::{Grant, Rows},
        policy::Action,
        role::Role,
    },
    db::{event::event, pool::DatabaseError, value::Value, write::Write},
    resource::{Column, store},
};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The part by which people tell keys apart, and the part nobody can guess: 190 bits.
const PREFIX_LENGTH: usize = 8;
const SECRET_LENGTH: usize = 32;
const CHECKSUM_LENGTH: usize = 6;

/// A key as its holder keeps it: `nxk_`, a prefix, the secret and a checksum, 50 characters. The database holds its hash.
struct Secret(String);

impl Secret {
    fn generate() -> Result<Secret, NoRandomness> {
        let mut text = String::from("nxk_");
        while text.len() < 4 + PREFIX_LENGTH + SECRET_LENGTH {
            let mut random = [0; 64];
            getrandom::fill(&mut random)?;
            // 248 is the largest multiple of 62 in a byte: what lies above would make the first letters likelier.
            let letters = random.into_iter().filter(|byte| *byte < 248).map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
            text.extend(letters.take(4 + PREFIX_LENGTH + SECRET_LENGTH - text.len()));
        }
        let sum = checksum(&text);
        text.push_str(&sum);
        Ok(Secret(text))
    }

    fn hash(&self) -> Value {
        Value::Text(hex::encode(Sha256::digest(&self.0)))
    }

    fn prefix(&self) -> &str {
        &self.0[..4 + PREFIX_LENGTH]
    }
}

/// CRC-32 in six letters: a key mistyped or cut off is told from a wrong one without asking the database.
fn checksum(text: &str) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(text.as_bytes());
    let mut rest = crc.sum() as usize;
    let mut letters = [b'0'; CHECKSUM_LENGTH];
    for letter in letters.iter_mut().rev() {
        *letter = ALPHABET[rest % ALPHABET.len()];
        rest /= ALPHABET.len();
    }
    letters.into_iter().map(char::from).collect()
}

/// Whether a text has the shape and the checksum of a key of ours.
pub fn is_well_formed(key: &str) -> bool {
    let whole = 4 + PREFIX_LENGTH + SECRET_LENGTH;
    key.len() == whole + CHECKSUM_LENGTH
        && key.starts_with("nxk_")
        && key.bytes().skip(4).all(|byte| ALPHABET.contains(&byte))
        && checksum(&key[..whole]) == key[whole..]
}

/// # Errors
/// Fields: a user who is not active or not the actor's to choose, a permission their role does not have.
pub(super) async fn issue(write: &Write, actor: &Actor, grant: &Grant, id: Uuid, changes: Changes<'_>) -> Result<Done, WorkflowError> {
    let user = asked(changes, "user_id").and_then(Value::as_uuid).unwrap_or(actor.id);
    if matches!(grant.rows(), Rows::OwnedBy(own) if own != user) {
        return Err(WorkflowError::field("user_id", "Your role issues keys for yourself alone: leave this empty."));
    }
    within_role(write, actor, user, asked(changes, "permissions")).await?;
    let mut row: Vec<_> = changes.iter().filter(|(column, _)| column.name != "user_id").cloned().collect();
    row.extend(grant.resource().column("user_id").map(|column| (column, Value::Uuid(user))));
    let name = asked(changes, "key_name").and_then(Value::as_text).unwrap_or_default();
    insert(write, grant, id, row, name, user).await
}

/// # Errors
/// As [`issue`], for the permissions.
pub(super) async fn edit(
    write: &Write,
    actor: &Actor,
    grant: &Grant,
    id: Uuid,
    version: &str,
    changes: Changes<'_>,
) -> Result<(), WorkflowError> {
    let current = store::locked(write, grant, id).await?;
    if let (Some(user), Some(permissions)) = (current.value("user_id").as_uuid(), asked(changes, "permissions")) {
        within_role(write, actor, user, Some(permissions)).await?;
    }
    Ok(store::update(write, grant, id, version, changes).await?)
}

/// Issues a new key like the old one, for as long again, and stops the old one at once.
///
/// # Errors
/// `Conflict` where the old one was stopped already.
pub(super) async fn rotate(write: &Write, actor: &Actor, grant: &Grant, id: Uuid) -> Result<Done, WorkflowError> {
    let old = store::locked(write, grant, id).await?;
    if old.value("is_active") == &Value::Bool(false) {
        return Err(WorkflowError::Conflict("This key was revoked already. Issue a new one.".to_owned()));
    }
    let user = old.value("user_id").as_uuid().unwrap_or(actor.id);
    within_role(write, actor, user, Some(old.value("permissions"))).await.map_err(|error| match error {
        WorkflowError::Fields(errors) => {
            WorkflowError::Invalid(errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join(" "))
        }
        other => other,
    })?;
    let lifetime = "SELECT now() + (expires_at - created_at) FROM api_keys \
         WHERE id = $1 AND isfinite(expires_at) AND isfinite(created_at) AND expires_at - created_at BETWEEN '0' AND '3650 days'";
    let expires = write.query_opt(lifetime, &[&id]).await?.map_or_else(|| Ok(old.value("expires_at").clone()), |row| row.try_get(0))?;
    let columns = ["user_id", "key_name", "permissions"];
    let mut row: Vec<(&'static Column, Value)> =
        columns.iter().filter_map(|name| Some((grant.resource().column(name)?, old.value(name).clone()))).collect();
    row.extend(grant.resource().column("expires_at").map(|column| (column, expires)));
    let name = old.label();
    let done = insert(write, grant, Uuid::now_v7(), row, &name, user).await?;
    write.execute("UPDATE api_keys SET is_active = false WHERE id = $1", &[&id]).await?;
    let details = json!({ "key_id": id.to_string(), "key_name": name, "user_id": user.to_string(), "new_key_id": done.id.to_string() });
    event(write, "key_rotated", &details).await?;
    Ok(Done { message: format!("Rotated “{name}”. The old key works no more; copy the new one now."), ..done })
}

/// # Errors
/// `Conflict` where it was stopped already.
pub(super) async fn revoke(write: &Write, grant: &Grant, id: Uuid) -> Result<Done, WorkflowError> {
    let key = store::locked(write, grant, id).await?;
    if key.value("is_active") == &Value::Bool(false) {
        return Err(WorkflowError::Conflict("This key was revoked already.".to_owned()));
    }
    write.execute("UPDATE api_keys SET is_active = false WHERE id = $1", &[&id]).await?;
    record_end(write, id, &key.label(), key.value("user_id").as_uuid(), "revoked").await?;
    Ok(Done::saying(id, format!("Revoked “{}”: it works no more.", key.label())))
}

/// Stops every key of a user who may not go on; answers how many that were.
///
/// # Errors
/// See [`DatabaseError`].
pub(super) async fn stop_all(write: &Write, user: Uuid) -> Result<usize, DatabaseError> {
    let stopped = "UPDATE api_keys SET is_active = false WHERE user_id = $1 AND is_active IS NOT FALSE RETURNING id, key_name";
    let rows = write.query(stopped, &[&user]).await?;
    for row in &rows {
        record_end(write, row.try_get(0)?, row.try_get(1)?, Some(user), "user_deactivated").await?;
    }
    Ok(rows.len())
}

async fn record_end(write: &Write, id: Uuid, name: &str, user: Option<Uuid>, why: &'static str) -> Result<(), DatabaseError> {
    let details = json!({ "key_id": id.to_string(), "key_name": name, "user_id": user.map(|user| user.to_string()), "why": why });
    event(write, "key_revoked", &details).await
}

async fn insert(
    write: &Write,
    grant: &Grant,
    id: Uuid,
    mut row: Vec<(&'static Column, Value)>,
    name: &str,
    user: Uuid,
) -> Result<Done, WorkflowError> {
    let secret = Secret::generate()?;
    row.extend(grant.resource().column("key_hash").map(|column| (column, secret.hash())));
    store::insert(write, grant, id, &row).await?;
    event(write, "key_issued", &json!({ "key_id": id.to_string(), "key_name": name, "user_id": user.to_string() })).await?;
    let message = format!("Issued “{name}”, which begins with {}. Copy the key now: it is not shown again.", secret.prefix());
    Ok(Done::saying(id, message).showing(ShownOnce::ApiKey(secret.0)))
}

/// A key never may more than the user it acts for.
async fn within_role(write: &Write, actor: &Actor, user: Uuid, permissions: Option<&Value>) -> Result<(), WorkflowError> {
    let row = write.query_opt("SELECT role, is_active IS NOT FALSE FROM users WHERE id = $1 FOR SHARE", &[&user]).await?;
    let row = row.ok_or_else(|| WorkflowError::field("user_id", "There is no such user."))?;
    let (role, is_active): (Option<String>, bool) = (row.try_get(0)?, row.try_get(1)?);
    if !is_active {
        return Err(WorkflowError::field("user_id", "The user is not active."));
    }
    let Some(role) = role.as_deref().and_then(Role::named) else {
        return Err(WorkflowError::field("user_id", "The user has no role, so a key could do nothing."));
    };
    let Some(Value::Json(text)) = permissions else {
        return Ok(());
    };
    let wanted: Vec<String> = serde_json::from_str(text)
        .map_err(|_| WorkflowError::field("permissions", "Type a JSON list of texts, such as [\"accounts:read\"]."))?;
    for permission in &wanted {
        let Some((table, action)) = permission.split_once(':').and_then(|(table, action)| Some((table, Action::named(action)?))) else {
            return Err(WorkflowError::field(
                "permissions",
                format!("“{permission}” is no permission: write table:action, such as accounts:read."),
            ));
        };
        if !actor.policy().permits(role, action, table) {
            let message = format!("“{permission}” is more than the role {} may.", role.label().to_lowercase());
            return Err(WorkflowError::field("permissions", message));
        }
    }
    Ok(())
}
