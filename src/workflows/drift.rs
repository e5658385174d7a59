//! How does a balance that is not what its entries say come right again?

use uuid::Uuid;

use crate::db::event::{Outcome, event};
use crate::{
    auth::{grant::Grant, origin::Origin, policy::Action},
    db::{
        pool::{Database, DatabaseError, Objection},
        write::Write,
    },
};

/// Which of the two is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The entries: the balance becomes what they say.
    Restore,
    /// The balance: the difference becomes a correction.
    Accept,
}

impl Resolution {
    pub const ALL: [Resolution; 2] = [Resolution::Restore, Resolution::Accept];

    pub fn named(name: &str) -> Option<Resolution> {
        Resolution::ALL.into_iter().find(|resolution| resolution.name() == name)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Resolution::Restore => "restore",
            Resolution::Accept => "accept",
        }
    }
}

/// What came of one person's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Somebody else has to say the same.
    One,
    /// A second person agreed: it is done, and the account is free again.
    Both,
}

/// Why it was not taken; nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// 404
    #[error("There is no such account.")]
    Missing,
    /// 403
    #[error("Only an active administrator or manager resolves a drift.")]
    NotYours,
    /// 409
    #[error("The account is not frozen: there is nothing to resolve.")]
    NotFrozen,
    /// 409: what was seen is not what is there.
    #[error("The difference is another one by now. Nothing was recorded; look again.")]
    Changed,
    /// 409
    #[error("You have said so already: somebody else has to say the same.")]
    SaidByYou,
    /// 409: the figures do not allow it.
    #[error(
        "A balance that is not a number, or is beyond what an account can hold, cannot be kept. It can only be restored from sound entries."
    )]
    NotANumber,
    /// 422: about the reason.
    #[error("{0}")]
    Words(&'static str),
    /// 422: about which of the two.
    #[error("Choose one of both.")]
    Unknown,
    /// 422
    #[error("This form does not say which difference was looked at. Open the account's drift again.")]
    Forged,
    #[error(transparent)]
    Database(DatabaseError),
}

impl Refusal {
    /// As the audit log says it.
    pub const fn name(&self) -> &'static str {
        match self {
            Refusal::Missing => "missing",
            Refusal::NotYours => "not_yours",
            Refusal::NotFrozen => "not_frozen",
            Refusal::Changed => "changed",
            Refusal::SaidByYou => "said_by_you",
            Refusal::NotANumber => "not_a_number",
            Refusal::Words(_) => "words",
            Refusal::Unknown => "unknown_resolution",
            Refusal::Forged => "forged",
            Refusal::Database(_) => "database",
        }
    }

    /// An attempt is worth a line in the log where somebody was refused, not where the database was away.
    pub const fn is_an_attempt(&self) -> bool {
        !matches!(self, Refusal::Database(_))
    }
}

impl From<DatabaseError> for Refusal {
    fn from(error: DatabaseError) -> Refusal {
        match error {
            DatabaseError::Refused(objection) => of(objection),
            other => Refusal::Database(other),
        }
    }
}

fn of(objection: Objection) -> Refusal {
    match objection.code.as_str() {
        "NX006" => Refusal::Missing,
        "NX007" => Refusal::NotYours,
        "NX003" => Refusal::NotFrozen,
        "NX015" => Refusal::Changed,
        "NX018" => Refusal::SaidByYou,
        "NX019" => Refusal::NotANumber,
        "NX008" => Refusal::Words("Say why, in at most 2,000 characters."),
        "NX009" => Refusal::Unknown,
        _ => Refusal::Database(DatabaseError::Refused(objection)),
    }
}

/// Says which is right. `difference` is balance minus entries as it was seen, in PostgreSQL's own words.
///
/// # Errors
/// See [`Refusal`]; nothing is kept unless the caller commits.
pub async fn resolve(
    write: &Write,
    grant: &Grant,
    account: Uuid,
    resolution: Resolution,
    difference: &str,
    reason: &str,
) -> Result<Said, Refusal> {
    if grant.resource().table != "accounts" || grant.action() != Action::Resolve {
        return Err(Refusal::NotYours);
    }
    if !is_number(difference) {
        return Err(Refusal::Forged);
    }
    if reason.contains('\0') {
        return Err(Refusal::Words("Holds a NUL character, which no text can have."));
    }
    write
        .query_one(
            "SELECT public.nexus_resolve_drift($1, $2, $3::text::numeric, $4)",
            &[&account, &resolution.name(), &difference, &reason],
        )
        .await?;
    let row = write.query_one("SELECT frozen_since IS NULL FROM public.account_ledger WHERE account_id = $1", &[&account]).await?;
    Ok(if row.try_get(0).map_err(DatabaseError::from)? { Said::Both } else { Said::One })
}

/// What PostgreSQL prints of a numeric, and nothing that could only have been typed.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let are_digits = |digits: &str| (1..=40).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    text == "NaN" || (are_digits(whole) && are_digits(fraction))
}

/// Writes down that somebody tried and was refused: in a transaction of its own, because theirs is gone.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn record_refusal(
    database: &Database,
    origin: &Origin,
    account: Uuid,
    attempt: &str,
    refusal: &Refusal,
) -> Result<(), DatabaseError> {
    let write = Write::begin(database, origin).await?;
    let details = serde_json::json!({ "account": account.to_string(), "attempt": attempt, "refused": refusal.name() });
    write.outcome(Outcome::Refused).await?;
    event(&write, "decision_refused", &details).await?;
    write.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_postgresql_prints_is_a_difference() {
        for text in ["0", "0.00", "-12.50", "NaN", "9999999999999.99"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["", "-", "1e3", "1.", ".5", "Infinity", "+1", "1,000", " 1", "nan", "--1"] {
            assert!(!is_number(text), "{text}");
        }
    }
}
