//! How many people does an amount take, how long does it wait for them, and who may say so?

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::WorkflowError;
use crate::{
    auth::{grant::Grant, policy::Action},
    db::{
        pool::{Connection, DatabaseError},
        value::Value,
        write::Write,
    },
};

/// The settings the door reads.
pub const TIERS: &str = "approval_tiers";
pub const EXPIRY_DAYS: &str = "approval_expiry_days";
/// How long a transaction may be made to wait.
pub const SHORTEST: i32 = 1;
pub const LONGEST: i32 = 3_650;
/// Stands for every currency that is not named.
pub const EVERY_OTHER: &str = "*";

/// From this amount on, so many distinct people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    pub currency: String,
    pub from: Decimal,
    pub approvers: i32,
}

/// What is in force, whoever wrote it; `version` changes with it.
#[derive(Debug, Clone)]
pub struct InForce {
    pub tiers: Vec<Tier>,
    pub expiry_days: i32,
    pub version: String,
    /// Why the rule cannot be read, so that nothing can be approved.
    pub fault: Option<String>,
    pub is_default: bool,
    pub changed_at: Option<DateTime<Utc>>,
    pub changed_by: Option<String>,
    /// Who may decide today: active administrators and managers.
    pub deciders: i64,
}

#[derive(Serialize, Deserialize)]
struct Step {
    from: String,
    approvers: i32,
}

/// # Errors
/// See [`DatabaseError`].
pub async fn read(connection: &Connection) -> Result<InForce, DatabaseError> {
    let row = connection
        .query_one(
            "SELECT r.tiers::text, public.nexus_tiers_fault(r.tiers), r.days, public.nexus_rule_version(r.tiers) || '-' || r.days, \
                    NOT EXISTS (SELECT FROM system_settings s WHERE s.setting_key = $1 AND s.is_active IS NOT FALSE), \
                    latest.updated_at, latest.full_name, \
                    (SELECT count(*) FROM users u WHERE u.is_active AND u.role IN ('admin', 'manager')) \
               FROM (SELECT public.nexus_approval_tiers() AS tiers, public.nexus_expiry_days() AS days) AS r \
               LEFT JOIN LATERAL (SELECT s.updated_at, u.full_name FROM system_settings s LEFT JOIN users u ON u.id = s.updated_by \
                                   WHERE s.setting_key IN ($1, $2) AND isfinite(s.updated_at) \
                                   ORDER BY s.updated_at DESC LIMIT 1) AS latest ON true",
            &[&TIERS, &EXPIRY_DAYS],
        )
        .await?;
    let (text, fault): (String, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    let tiers = if fault.is_none() { parsed(&text) } else { Vec::new() };
    Ok(InForce {
        tiers,
        fault,
        expiry_days: row.try_get(2)?,
        version: row.try_get(3)?,
        is_default: row.try_get(4)?,
        changed_at: row.try_get(5)?,
        changed_by: row.try_get(6)?,
        deciders: row.try_get(7)?,
    })
}

/// Currencies in the order of their names, "*" at the end, each from the smallest amount on.
fn parsed(text: &str) -> Vec<Tier> {
    let document: BTreeMap<String, Vec<Step>> = serde_json::from_str(text).unwrap_or_default();
    let mut tiers: Vec<_> = document
        .into_iter()
        .flat_map(|(currency, steps)| {
            steps
                .into_iter()
                .filter_map(move |step| Some(Tier { currency: currency.clone(), from: step.from.parse().ok()?, approvers: step.approvers }))
        })
        .collect();
    tiers.sort_by_key(|tier| tier.currency == EVERY_OTHER);
    tiers
}

fn document(tiers: &[Tier]) -> String {
    let mut currencies: BTreeMap<&str, Vec<Step>> = BTreeMap::new();
    for tier in tiers {
        let step = Step { from: format!("{:.2}", tier.from), approvers: tier.approvers };
        currencies.entry(&tier.currency).or_default().push(step);
    }
    serde_json::json!(currencies).to_string()
}

/// What came of a form that was filled in on `version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    Changed,
    Unchanged,
    /// Somebody else has changed it since.
    Stale,
}

/// Keeps both, where they say something new. Makes the settings where they are absent.
///
/// # Errors
/// `Stranded` where a pending transaction would need more people than there are.
pub async fn save(write: &Write, grant: &Grant, version: &str, tiers: &[Tier], expiry_days: i32) -> Result<Saved, WorkflowError> {
    if grant.resource().table != "system_settings" {
        return Err(WorkflowError::Forbidden("Permission for something else is none to change this.".to_owned()));
    }
    super::expect(grant, &[Action::Edit])?;
    // Two who save at once: the second sees what the first has saved.
    write.query_one("SELECT pg_advisory_xact_lock(hashtextextended('nexus: approval rules', 0))", &[]).await?;
    let before = read(write).await?;
    if before.version != version {
        return Ok(Saved::Stale);
    }
    let mut saved = Saved::Unchanged;
    if before.tiers != tiers || before.fault.is_some() {
        let words = "How many people approve a transaction, by currency and amount";
        keep(write, grant, TIERS, document(tiers), "json", words).await?;
        saved = Saved::Changed;
    }
    if before.expiry_days != expiry_days {
        keep(write, grant, EXPIRY_DAYS, expiry_days.to_string(), "integer", "Days after which a pending transaction is cancelled").await?;
        saved = Saved::Changed;
    }
    Ok(saved)
}

async fn keep(
    write: &Write,
    grant: &Grant,
    key: &'static str,
    value: String,
    kind: &'static str,
    words: &'static str,
) -> Result<(), WorkflowError> {
    let kept = write
        .execute(
            "INSERT INTO system_settings (id, setting_key, setting_value, setting_type, description) \
             VALUES (public.nexus_uuid7(), $1, $2, $3, $4) \
             ON CONFLICT (setting_key) DO UPDATE \
                SET setting_value = EXCLUDED.setting_value, setting_type = EXCLUDED.setting_type, is_active = true, is_encrypted = false",
            &[&key, &Value::Json(value), &kind, &words],
        )
        .await;
    match kept {
        Ok(_) => Ok(()),
        Err(error) => Err(WorkflowError::from(error).at_fields_of(grant.resource())),
    }
}

/// What is wrong with a rule typed as a document, in the words of the door; `None` where nothing is.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn fault(connection: &Connection, document: &str) -> Result<Option<String>, DatabaseError> {
    let row = connection.query_one("SELECT public.nexus_tiers_fault($1)", &[&Value::Json(document.to_owned())]).await?;
    Ok(row.try_get(0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_the_same_after_it_was_written_and_read() {
        let tier = |currency: &str, from: i64, approvers| Tier { currency: currency.to_owned(), from: Decimal::from(from), approvers };
        let tiers = vec![tier("JPY", 0, 1), tier("JPY", 1_000_000, 3), tier("*", 0, 1), tier("*", 10_000, 2)];
        let text = document(&tiers);
        assert!(text.contains(r#"{"approvers":2,"from":"10000.00"}"#), "{text}");
        assert_eq!(parsed(&text), tiers);
    }
}
