//! Which bytes of an entry are sealed? Version 1, to the byte.
//!
//! They begin with the 21 bytes `nexus audit entry v1` and a line feed. The fields follow in the order of the table, each
//! first one byte: 0 where it is NULL, and then nothing else of it; 1 where it is there, and then its length in bytes as
//! eight bytes, the highest first, and those bytes. So an empty text and none differ, and no field runs into the next.
//!
//! | field | bytes |
//! |---|---|
//! | log | the table it stands in, `audit_logs` or `ssot_audit_logs` |
//! | id | a uuid: its 16 bytes |
//! | entity_type | a text: UTF-8 |
//! | entity_id | uuid |
//! | action | text |
//! | old_values, new_values | a document: the text that PostgreSQL prints of the `jsonb`, in UTF-8 |
//! | context | text |
//! | user_id | text; of `audit_logs` the uuid in lower case, with hyphens |
//! | ip_address | 4 or 6, the length of the network in bits (32 or 128 for one host), and the 4 or 16 bytes of the address |
//! | user_agent | text |
//! | created_at | a moment: microseconds from 2000-01-01 00:00 UTC, as eight bytes in two's complement, the highest first; the greatest number is `infinity`, the least `-infinity` |
//! | details | one byte, 0 or 1, without a length: whether there is a row of `audit_details` beside it; only if so, the rest follows |
//! | details.id | uuid |
//! | details.format | a number as eight bytes |
//! | details.actor_kind, actor_name, request_id | text |
//! | details.session_id | uuid |
//! | details.outcome, reason | text |
//! | details.approval_id | uuid |
//!
//! An entry that was queued and then was not there any more leaves a leaf of its log and id with every other field NULL
//! and no details: an entry that is there always has an entity_type.
//!
//! The leaf's hash is RFC 6962's: SHA-256 of a zero byte and these bytes.

use std::net::IpAddr;

use tlog_tiles::{Hash, record_hash};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    audit::entry::Log,
    db::{
        pool::DatabaseError,
        value::{Address, Timestamp, Value},
    },
};

/// The version that is written today.
pub const VERSION: i16 = 1;
const MAGIC: &[u8] = b"nexus audit entry v1\n";

/// All an entry says, and all that stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub log: Log,
    pub id: Uuid,
    pub entity_type: String,
    pub entity_id: Uuid,
    pub action: String,
    /// As PostgreSQL prints it; so is the next.
    pub old_values: Option<String>,
    pub new_values: Option<String>,
    pub context: Option<String>,
    pub user_id: Option<String>,
    pub ip_address: Option<Address>,
    pub user_agent: Option<String>,
    pub created_at: Option<Timestamp>,
    pub details: Option<Details>,
}

/// A row of `audit_details`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    pub id: Uuid,
    pub format: i16,
    pub actor_kind: String,
    pub actor_name: Option<String>,
    pub request_id: Option<String>,
    pub session_id: Option<Uuid>,
    pub outcome: Option<String>,
    pub reason: Option<String>,
    pub approval_id: Option<Uuid>,
}

macro_rules! whole {
    ($table:literal) => {
        concat!(
            "SELECT l.id, l.entity_type, l.entity_id, l.action, l.old_values, l.new_values, l.context, l.user_id::text AS user_id, \
                    l.ip_address, l.user_agent, l.created_at, d.id AS details_id, d.format, d.actor_kind, d.actor_name, d.request_id, \
                    d.session_id, d.outcome, d.reason, d.approval_id \
               FROM public.",
            $table,
            " l LEFT JOIN public.audit_details d ON d.log = '",
            $table,
            "' AND d.entry_id = l.id WHERE l.id = ANY ($1)"
        )
    };
}

/// The entries of a log with these ids, whole, for [`Record::of`].
#[must_use]
pub const fn select(log: Log) -> &'static str {
    match log {
        Log::Main => whole!("audit_logs"),
        Log::Registry => whole!("ssot_audit_logs"),
    }
}

impl Record {
    /// # Errors
    /// Where the row is not one of [`select`].
    pub fn of(log: Log, row: &Row) -> Result<Record, DatabaseError> {
        Ok(Record {
            log,
            id: row.try_get("id")?,
            entity_type: row.try_get("entity_type")?,
            entity_id: row.try_get("entity_id")?,
            action: row.try_get("action")?,
            old_values: document(row.try_get("old_values")?),
            new_values: document(row.try_get("new_values")?),
            context: row.try_get("context")?,
            user_id: row.try_get("user_id")?,
            ip_address: match row.try_get::<_, Option<Value>>("ip_address")? {
                Some(Value::Address(address)) => Some(address),
                Some(_) | None => None,
            },
            user_agent: row.try_get("user_agent")?,
            created_at: row.try_get::<_, Option<Value>>("created_at")?.and_then(|at| at.as_time()),
            details: Details::of(row)?,
        })
    }

    /// The bytes that are sealed.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Canonical::begun(self.log, self.id);
        out.text(Some(&self.entity_type));
        out.uuid(Some(self.entity_id));
        out.text(Some(&self.action));
        out.text(self.old_values.as_deref());
        out.text(self.new_values.as_deref());
        out.text(self.context.as_deref());
        out.text(self.user_id.as_deref());
        out.address(self.ip_address);
        out.text(self.user_agent.as_deref());
        out.number(self.created_at.map(Timestamp::microseconds));
        match &self.details {
            None => out.0.push(0),
            Some(details) => {
                out.0.push(1);
                details.write(&mut out);
            }
        }
        out.0
    }

    /// Its leaf in the log.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        record_hash(&self.bytes())
    }
}

impl Details {
    fn of(row: &Row) -> Result<Option<Details>, DatabaseError> {
        let Some(id) = row.try_get("details_id")? else {
            return Ok(None);
        };
        Ok(Some(Details {
            id,
            format: row.try_get("format")?,
            actor_kind: row.try_get("actor_kind")?,
            actor_name: row.try_get("actor_name")?,
            request_id: row.try_get("request_id")?,
            session_id: row.try_get("session_id")?,
            outcome: row.try_get("outcome")?,
            reason: row.try_get("reason")?,
            approval_id: row.try_get("approval_id")?,
        }))
    }

    fn write(&self, out: &mut Canonical) {
        out.uuid(Some(self.id));
        out.number(Some(i64::from(self.format)));
        out.text(Some(&self.actor_kind));
        out.text(self.actor_name.as_deref());
        out.text(self.request_id.as_deref());
        out.uuid(self.session_id);
        out.text(self.outcome.as_deref());
        out.text(self.reason.as_deref());
        out.uuid(self.approval_id);
    }
}

/// The leaf of an entry that was queued and deleted before it was sealed.
#[must_use]
pub fn leaf_of_nothing(log: Log, id: Uuid) -> Hash {
    let mut out = Canonical::begun(log, id);
    // Ten fields and the details.
    out.0.extend_from_slice(&[0; 11]);
    record_hash(&out.0)
}

fn document(value: Option<Value>) -> Option<String> {
    match value? {
        Value::Json(text) => Some(text),
        Value::Null | Value::Text(_) | Value::Bool(_) | Value::Uuid(_) | Value::Number(_) | Value::Time(_) | Value::Address(_) => None,
    }
}

struct Canonical(Vec<u8>);

impl Canonical {
    fn begun(log: Log, id: Uuid) -> Canonical {
        let mut out = Canonical(Vec::with_capacity(1024));
        out.0.extend_from_slice(MAGIC);
        out.text(Some(log.table()));
        out.uuid(Some(id));
        out
    }

    fn field(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            None => self.0.push(0),
            Some(bytes) => {
                self.0.push(1);
                self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
                self.0.extend_from_slice(bytes);
            }
        }
    }

    fn text(&mut self, text: Option<&str>) {
        self.field(text.map(str::as_bytes));
    }

    fn uuid(&mut self, uuid: Option<Uuid>) {
        self.field(uuid.as_ref().map(|uuid| uuid.as_bytes().as_slice()));
    }

    fn number(&mut self, number: Option<i64>) {
        self.field(number.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
    }

    fn address(&mut self, address: Option<Address>) {
        let bytes = address.map(|Address { address, prefix }| match address {
            IpAddr::V4(host) => [&[4, prefix], host.octets().as_slice()].concat(),
            IpAddr::V6(host) => [&[6, prefix], host.octets().as_slice()].concat(),
        });
        self.field(bytes.as_deref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare() -> Record {
        Record {
            log: Log::Main,
            id: Uuid::from_u128(1),
            entity_type: "users".to_owned(),
            entity_id: Uuid::from_u128(2),
            action: "UPDATE".to_owned(),
            old_values: None,
            new_values: None,
            context: None,
            user_id: None,
            ip_address: None,
            user_agent: None,
            created_at: None,
            details: None,
        }
    }

    /// The specification above, written out: whoever changes a byte of it makes every sealed log a broken one.
    #[test]
    fn the_bytes_are_those_of_the_specification() {
        let mut expected = b"nexus audit entry v1\n".to_vec();
        let mut field = |bytes: &[u8]| {
            expected.push(1);
            expected.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, u8::try_from(bytes.len()).expect("short")]);
            expected.extend_from_slice(bytes);
        };
        field(b"audit_logs");
        field(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        field(b"users");
        field(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        field(b"UPDATE");
        field(b"");
        field(br#"{"a": 1}"#);
        field(b"console");
        field(b"00000000-0000-0000-0000-000000000003");
        field(&[4, 24, 192, 0, 2, 0]);
        field(b"\xc3\xa9");
        field(&[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        expected.push(1);
        let mut field = |bytes: &[u8]| {
            expected.push(1);
            expected.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, u8::try_from(bytes.len()).expect("short")]);
            expected.extend_from_slice(bytes);
        };
        field(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4]);
        field(&[0, 0, 0, 0, 0, 0, 0, 1]);
        field(b"user");
        field(b"ada");
        expected.extend_from_slice(&[0, 0, 0, 0, 0]);
        let record = Record {
            old_values: Some(String::new()),
            new_values: Some(r#"{"a": 1}"#.to_owned()),
            context: Some("console".to_owned()),
            user_id: Some(Uuid::from_u128(3).to_string()),
            ip_address: Some("192.0.2.0/24".parse().expect("a network")),
            user_agent: Some("é".to_owned()),
            created_at: Some(Timestamp::INFINITY),
            details: Some(Details {
                id: Uuid::from_u128(4),
                format: 1,
                actor_kind: "user".to_owned(),
                actor_name: Some("ada".to_owned()),
                request_id: None,
                session_id: None,
                outcome: None,
                reason: None,
                approval_id: None,
            }),
            ..bare()
        };
        assert_eq!(record.bytes(), expected);
    }

    #[test]
    fn absent_is_not_empty_and_a_field_is_not_its_neighbour() {
        let leaves = [
            bare(),
            Record { old_values: Some(String::new()), ..bare() },
            Record { new_values: Some(String::new()), ..bare() },
            Record { log: Log::Registry, ..bare() },
            Record { created_at: Some(Timestamp::POSTGRES_EPOCH), ..bare() },
            Record { created_at: Some(Timestamp::NEGATIVE_INFINITY), ..bare() },
            Record { ip_address: Some("::ffff:1.2.3.4".parse().expect("an address")), ..bare() },
            Record { ip_address: Some("1.2.3.4".parse().expect("an address")), ..bare() },
        ]
        .map(|record| record.leaf());
        for (at, leaf) in leaves.iter().enumerate() {
            assert!(leaves.iter().skip(at + 1).all(|other| other != leaf), "{at}");
        }
        assert!(leaf_of_nothing(Log::Main, bare().id) != bare().leaf());
    }
}
