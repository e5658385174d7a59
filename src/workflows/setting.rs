//! How is a setting kept that nobody may read?

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use uuid::Uuid;

use super::{Changes, Done, WorkflowError, asked, made, tiers};
use crate::{
    auth::{csrf::NoRandomness, grant::Grant},
    db::{value::Value, write::Write},
    keys::Keys,
    resource::{Column, record::Record, store},
};

/// What the subkeys are derived for.
const LABEL: &str = "setting";
const PREFIX: &str = "enc:v1:";
const NONCE_LENGTH: usize = 24;
/// Switching it off is refused, and so is losing it.
const AUDITING: &str = "enable_audit_logging";

/// # Errors
/// See [`WorkflowError`].
pub(super) async fn create(write: &Write, grant: &Grant, keys: &Keys, id: Uuid, changes: Changes<'_>) -> Result<Done, WorkflowError> {
    readable_rule(write, asked(changes, "setting_key").and_then(Value::as_text), changes).await?;
    let mut row = changes.to_vec();
    if asked(changes, "is_encrypted") == Some(&Value::Bool(true)) {
        encrypt_in(&mut row, keys, id)?;
    }
    store::insert(write, grant, id, &row).await?;
    Ok(Done::saying(id, made(grant.resource())))
}

/// # Errors
/// The field `setting_value` where encryption ends and no new value is given.
pub(super) async fn edit(
    write: &Write,
    grant: &Grant,
    keys: &Keys,
    id: Uuid,
    version: &str,
    changes: Changes<'_>,
) -> Result<(), WorkflowError> {
    let current = store::locked(write, grant, id).await?;
    readable_rule(write, current.value("setting_key").as_text(), changes).await?;
    let is_encrypted = current.value("is_encrypted") == &Value::Bool(true);
    let becomes_encrypted = asked(changes, "is_encrypted").map_or(is_encrypted, |value| value == &Value::Bool(true));
    let mut row = changes.to_vec();
    match (is_encrypted, becomes_encrypted, asked(changes, "setting_value")) {
        (true, false, None) => return Err(WorkflowError::field("setting_value", "Type the value: the encrypted one cannot be shown.")),
        (false, true, None) => {
            row.extend(grant.resource().column("setting_value").map(|column| (column, current.value("setting_value").clone())));
            encrypt_in(&mut row, keys, id)?;
        }
        (_, true, Some(_)) => encrypt_in(&mut row, keys, id)?,
        (true, true, None) | (_, false, _) => {}
    }
    Ok(store::update(write, grant, id, version, &row).await?)
}

/// The door must be able to read its own rule.
async fn readable_rule(write: &Write, key: Option<&str>, changes: Changes<'_>) -> Result<(), WorkflowError> {
    let Some(Value::Json(document)) = asked(changes, "setting_value").filter(|_| key == Some(tiers::TIERS)) else {
        return Ok(());
    };
    match tiers::fault(write, document).await? {
        Some(fault) => Err(WorkflowError::field("setting_value", fault)),
        None => Ok(()),
    }
}

/// # Errors
/// `Forbidden` for the setting that says that changes are recorded.
pub(super) fn may_go(record: &Record) -> Result<(), WorkflowError> {
    if record.value("setting_key").as_text() == Some(AUDITING) {
        return Err(WorkflowError::Forbidden("Auditing cannot be switched off, so its setting stays.".to_owned()));
    }
    Ok(())
}

fn encrypt_in(row: &mut [(&'static Column, Value)], keys: &Keys, id: Uuid) -> Result<(), WorkflowError> {
    for (column, value) in row.iter_mut().filter(|(column, _)| column.name == "setting_value") {
        match value {
            Value::Json(plain) => *value = Value::Json(encrypt(keys, id, plain)?),
            _ => return Err(WorkflowError::field(column.name, "Type a value to encrypt.")),
        }
    }
    Ok(())
}

/// Encrypts a JSON document for one setting, whose id it is bound to: `"enc:v1:…"`, a JSON text.
fn encrypt(keys: &Keys, id: Uuid, plain: &str) -> Result<String, WorkflowError> {
    let mut sealed = [0; NONCE_LENGTH].to_vec();
    getrandom::fill(&mut sealed).map_err(NoRandomness::from)?;
    let nonce = nonce(&sealed).ok_or(WorkflowError::Cipher)?;
    let cipher = XChaCha20Poly1305::new(&keys.signing(LABEL).into());
    let payload = Payload { msg: plain.as_bytes(), aad: id.as_bytes() };
    sealed.extend(cipher.encrypt(&nonce, payload).map_err(|_| WorkflowError::Cipher)?);
    Ok(serde_json::Value::String([PREFIX, &STANDARD.encode(sealed)].concat()).to_string())
}

/// The document a setting was encrypted from, for programs: no page shows it.
///
/// # Errors
/// `Cipher` where none of the keys opens it, or another setting's value was put in its place.
pub fn decrypt(keys: &Keys, id: Uuid, stored: &str) -> Result<String, WorkflowError> {
    let text: String = serde_json::from_str(stored).map_err(|_| WorkflowError::Cipher)?;
    let sealed = text.strip_prefix(PREFIX).and_then(|encoded| STANDARD.decode(encoded).ok()).ok_or(WorkflowError::Cipher)?;
    let (head, body) = sealed.split_at_checked(NONCE_LENGTH).ok_or(WorkflowError::Cipher)?;
    let nonce = nonce(head).ok_or(WorkflowError::Cipher)?;
    keys.all(LABEL)
        .find_map(|key| XChaCha20Poly1305::new(&key.into()).decrypt(&nonce, Payload { msg: body, aad: id.as_bytes() }).ok())
        .and_then(|plain| String::from_utf8(plain).ok())
        .ok_or(WorkflowError::Cipher)
}

fn nonce(bytes: &[u8]) -> Option<XNonce> {
    <[u8; NONCE_LENGTH]>::try_from(bytes).ok().map(XNonce::from)
}
