//! How does an entry leave the console so that an outsider can work out the bytes that were sealed?
//!
//! As one line of JSON with every field of [`super::canonical`], and no other: absent is `null`, documents are the texts
//! that PostgreSQL prints of them, moments are RFC 3339 in UTC, `infinity`, `-infinity` or, beyond the year 262142,
//! microseconds since 2000-01-01. What holds a secret in the clear, as entries from before the console do, is not let out.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::canonical::{self, Details, Record};
use crate::{
    audit::entry::Log,
    auth::grant::Grant,
    db::{
        pool::{Connection, DatabaseError},
        value::{Timestamp, Value},
    },
    resource::{column::SECRETS_OF_ROWS, nested::without_secrets},
};

const FORMAT: u8 = 1;

/// An entry as it may be handed out, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    Whole(Box<Record>),
    /// A secret stands in it, and without that it is not what was sealed.
    Withheld,
}

/// Reads one; `None` where it is not there any more.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn of(connection: &Connection, _: &Grant, log: Log, id: Uuid) -> Result<Option<Evidence>, DatabaseError> {
    let Some(row) = connection.query_opt(canonical::select(log), &[&vec![id]]).await? else {
        return Ok(None);
    };
    let record = Record::of(log, &row)?;
    let was_encrypted = match holds(&record, "setting_value") {
        true => connection.query_one(ENCRYPTED, &[&record.entity_id]).await?.try_get(0)?,
        false => false,
    };
    Ok(Some(if shows_a_secret(&record, was_encrypted) { Evidence::Withheld } else { Evidence::Whole(Box::new(record)) }))
}

/// Encrypted now or at any time: what stood there before it was is no less secret.
const ENCRYPTED: &str = "\
    SELECT EXISTS (SELECT FROM public.system_settings s WHERE s.id = $1 AND s.is_encrypted) \
        OR EXISTS (SELECT FROM public.audit_logs x WHERE x.entity_type = 'system_settings' AND x.entity_id = $1 \
                      AND (x.old_values ->> 'is_encrypted' = 'true' OR x.new_values ->> 'is_encrypted' = 'true')) \
        OR EXISTS (SELECT FROM public.ssot_audit_logs x WHERE x.entity_type = 'system_settings' AND x.entity_id = $1 \
                      AND (x.old_values ->> 'is_encrypted' = 'true' OR x.new_values ->> 'is_encrypted' = 'true'))";

const WAITS: &str = "SELECT EXISTS (SELECT FROM public.audit_unsealed u WHERE u.entry_id = $1 AND u.log = $2)";

/// Whether an entry is about to be sealed.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn waits(connection: &Connection, log: Log, entry: Uuid) -> Result<bool, DatabaseError> {
    Ok(connection.query_one(WAITS, &[&entry, &log.table()]).await?.try_get(0)?)
}

fn documents(record: &Record) -> impl Iterator<Item = &String> {
    record.old_values.iter().chain(&record.new_values)
}

fn members(document: &str) -> Map<String, Json> {
    match serde_json::from_str(document) {
        Ok(Json::Object(members)) => members,
        Ok(_) | Err(_) => Map::new(),
    }
}

fn holds(record: &Record, member: &str) -> bool {
    documents(record).any(|document| members(document).contains_key(member))
}

fn shows_a_secret(record: &Record, was_encrypted: bool) -> bool {
    documents(record).any(|document| {
        let members = members(document);
        let is_open = |name: &str| members.get(name).is_some_and(|value| !value.is_null() && !is_concealed(record, value));
        let is_encrypted = was_encrypted || members.get("is_encrypted") == Some(&Json::Bool(true));
        let deeper = without_secrets(Value::Json(document.clone())) != Value::Json(document.clone());
        deeper || SECRETS_OF_ROWS.iter().any(|name| is_open(name)) || is_encrypted && is_open("setting_value")
    })
}

/// Whether our own trigger put a digest there. The platform writes its entries itself, as a role of the database, and in
/// them a digest is a secret: that of a key is all anybody compares it with.
fn is_concealed(record: &Record, value: &Json) -> bool {
    let is_ours = record.details.as_ref().is_some_and(|details| details.actor_kind != "db");
    is_ours && value.as_str().is_some_and(|text| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    #[error("the line is no entry as this console exports it: {0}")]
    Shape(String),
    #[error("the line is of format {0}, which this version does not know")]
    Format(u8),
    #[error("its field {0} cannot be read")]
    Field(&'static str),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    format: u8,
    log: String,
    id: String,
    entity_type: String,
    entity_id: String,
    action: String,
    old_values: Option<String>,
    new_values: Option<String>,
    context: Option<String>,
    user_id: Option<String>,
    ip_address: Option<String>,
    user_agent: Option<String>,
    created_at: Option<String>,
    details: Option<Beside>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Beside {
    id: String,
    format: i16,
    actor_kind: String,
    actor_name: Option<String>,
    request_id: Option<String>,
    session_id: Option<String>,
    outcome: Option<String>,
    reason: Option<String>,
    approval_id: Option<String>,
}

/// The line, without its end.
///
/// # Errors
/// Never for a record: all of it can be written in JSON.
pub fn line(record: &Record) -> serde_json::Result<String> {
    let Record { log, id, entity_type, entity_id, action, old_values, new_values, context, user_id, .. } = record.clone();
    serde_json::to_string(&Line {
        format: FORMAT,
        log: log.table().to_owned(),
        id: id.to_string(),
        entity_type,
        entity_id: entity_id.to_string(),
        action,
        old_values,
        new_values,
        context,
        user_id,
        ip_address: record.ip_address.map(|address| address.to_string()),
        user_agent: record.user_agent.clone(),
        created_at: record.created_at.map(written),
        details: record.details.clone().map(|beside| Beside {
            id: beside.id.to_string(),
            format: beside.format,
            actor_kind: beside.actor_kind,
            actor_name: beside.actor_name,
            request_id: beside.request_id,
            session_id: beside.session_id.map(|id| id.to_string()),
            outcome: beside.outcome,
            reason: beside.reason,
            approval_id: beside.approval_id.map(|id| id.to_string()),
        }),
    })
}

/// # Errors
/// See [`EvidenceError`].
pub fn read(text: &str) -> Result<Record, EvidenceError> {
    let line: Line = serde_json::from_str(text).map_err(|error| EvidenceError::Shape(error.to_string()))?;
    if line.format != FORMAT {
        return Err(EvidenceError::Format(line.format));
    }
    let details = line.details.map(|beside| -> Result<Details, EvidenceError> {
        Ok(Details {
            id: uuid("details.id", &beside.id)?,
            format: beside.format,
            actor_kind: beside.actor_kind,
            actor_name: beside.actor_name,
            request_id: beside.request_id,
            session_id: beside.session_id.map(|id| uuid("details.session_id", &id)).transpose()?,
            outcome: beside.outcome,
            reason: beside.reason,
            approval_id: beside.approval_id.map(|id| uuid("details.approval_id", &id)).transpose()?,
        })
    });
    Ok(Record {
        log: Log::named(&line.log).ok_or(EvidenceError::Field("log"))?,
        id: uuid("id", &line.id)?,
        entity_type: line.entity_type,
        entity_id: uuid("entity_id", &line.entity_id)?,
        action: line.action,
        old_values: line.old_values,
        new_values: line.new_values,
        context: line.context,
        user_id: line.user_id,
        ip_address: line.ip_address.map(|text| text.parse().map_err(|_| EvidenceError::Field("ip_address"))).transpose()?,
        user_agent: line.user_agent,
        created_at: line.created_at.map(|text| moment(&text).ok_or(EvidenceError::Field("created_at"))).transpose()?,
        details: details.transpose()?,
    })
}

fn uuid(field: &'static str, text: &str) -> Result<Uuid, EvidenceError> {
    text.parse().map_err(|_| EvidenceError::Field(field))
}

fn written(at: Timestamp) -> String {
    let text = at.to_string();
    if moment(&text) == Some(at) { text } else { at.microseconds().to_string() }
}

fn moment(text: &str) -> Option<Timestamp> {
    match text {
        "infinity" => Some(Timestamp::INFINITY),
        "-infinity" => Some(Timestamp::NEGATIVE_INFINITY),
        _ => match text.parse::<DateTime<Utc>>() {
            Ok(moment) => Some(Timestamp::from(moment)).filter(|at| at.to_string() == text),
            Err(_) => Timestamp::from_microseconds(text.parse().ok()?),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            log: Log::Registry,
            id: Uuid::from_u128(1),
            entity_type: "users".to_owned(),
            entity_id: Uuid::from_u128(2),
            action: "UPDATE".to_owned(),
            old_values: Some("{\"note\": \"a\\nb \u{202e}\", \"big\": 1.10}".to_owned()),
            new_values: None,
            context: Some(String::new()),
            user_id: Some("somebody".to_owned()),
            ip_address: Some("10.0.0.0/8".parse().expect("a network")),
            user_agent: None,
            created_at: Some(Timestamp::from_microseconds(817_000_000_123_456).expect("a moment")),
            details: Some(Details {
                id: Uuid::from_u128(3),
                format: 1,
                actor_kind: "user".to_owned(),
                actor_name: Some("ada".to_owned()),
                request_id: None,
                session_id: Some(Uuid::from_u128(4)),
                outcome: None,
                reason: Some("why \"not\"".to_owned()),
                approval_id: None,
            }),
        }
    }

    #[test]
    fn what_is_read_has_the_bytes_of_what_was_written() {
        let far = ["9223371244800000000", "-211813488000000000"].map(|micros| moment(micros).expect("a far moment"));
        let moments = [Timestamp::INFINITY, Timestamp::NEGATIVE_INFINITY, Timestamp::POSTGRES_EPOCH].into_iter().chain(far);
        let odd = moments.map(|at| Record { created_at: Some(at), details: None, ..record() });
        for record in odd.chain([record(), Record { created_at: None, ip_address: None, old_values: None, ..record() }]) {
            let line = line(&record).expect("JSON");
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(read(&line).expect("an entry").bytes(), record.bytes(), "{line}");
        }
    }

    #[test]
    fn nothing_beside_the_sealed_fields_is_let_through() {
        let line = line(&record()).expect("JSON");
        assert!(matches!(read(&line.replacen('{', "{\"verdict\": \"fine\", ", 1)), Err(EvidenceError::Shape(_))));
        assert!(matches!(read(&line[..line.len() - 1]), Err(EvidenceError::Shape(_))));
        assert_eq!(read(&line.replacen("\"format\":1", "\"format\":2", 1)), Err(EvidenceError::Format(2)));
        assert_eq!(read(&line.replace("ssot_audit_logs", "users")), Err(EvidenceError::Field("log")));
        assert_eq!(read(&line.replace("10.0.0.0/8", "10.0.0.0/99")), Err(EvidenceError::Field("ip_address")));
    }

    #[test]
    fn a_secret_in_the_clear_stays_where_it_is() {
        let digest = "0f".repeat(32);
        let with = |old: &str, kind: &str| {
            let details = Details { actor_kind: kind.to_owned(), ..record().details.expect("details") };
            Record { old_values: Some(old.to_owned()), details: Some(details), ..record() }
        };
        let concealed = format!("{{\"key_hash\": \"{digest}\"}}");
        assert!(!shows_a_secret(&with(&concealed, "user"), false));
        assert!(!shows_a_secret(&with("{\"password_hash\": null, \"setting_value\": 5}", "db"), false));
        for (document, kind, was_encrypted) in [
            (concealed.as_str(), "db", false),
            ("{\"password_hash\": \"$2b$12$x\"}", "user", false),
            ("{\"a\": {\"session_token\": \"x\"}}", "user", false),
            ("{\"setting_value\": 5, \"is_encrypted\": true}", "user", false),
            ("{\"setting_value\": 5, \"is_encrypted\": false}", "user", true),
        ] {
            assert!(shows_a_secret(&with(document, kind), was_encrypted), "{document} {kind}");
        }
        assert!(shows_a_secret(&Record { details: None, ..with(&concealed, "user") }, false));
    }
}
