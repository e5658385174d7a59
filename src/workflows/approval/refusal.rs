//! Why did the door not let a decision through, and what is that to whoever took it?

use serde::Deserialize;

use crate::db::pool::{DatabaseError, Objection};

/// What was refused, each with its own sentence; nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// 404
    #[error("There is no such transaction.")]
    Missing,
    /// 403: who asks is the wrong person.
    #[error("{0}")]
    NotYours(&'static str),
    /// 409
    #[error("You already decided this.")]
    DecidedByYou,
    /// 409
    #[error("It has been decided already.")]
    Decided,
    /// 410
    #[error("It has expired: nobody decided it in time.")]
    Expired,
    /// 409: what was seen is not what is there.
    #[error("It changed since you looked at it. Nothing was counted; look again.")]
    Changed,
    /// 409: the account, the transaction or the rule does not allow it as it is.
    #[error("{0}")]
    Withheld(&'static str),
    /// 422
    #[error("{0}")]
    TooLittleMoney(Shortage),
    /// 422: about the reason, the question or the answer.
    #[error("{0}")]
    Words(&'static str),
    /// 422
    #[error("This form does not say what was looked at. Open the transaction again.")]
    Forged,
    #[error(transparent)]
    Database(DatabaseError),
}

/// How much is missing, as the door counted it; amounts are decimals as text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Shortage {
    pub short: String,
    pub balance: String,
    pub lowest: String,
    pub currency: Option<String>,
}

impl std::fmt::Display for Shortage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let currency = self.currency.as_deref().unwrap_or_default();
        let Shortage { short, balance, lowest, .. } = self;
        write!(
            formatter,
            "There is too little money in the account: {short} {currency} short. The balance is {balance} {currency} and may not go below {lowest} {currency}."
        )
    }
}

impl Refusal {
    /// As the audit log says it.
    pub const fn name(&self) -> &'static str {
        match self {
            Refusal::Missing => "missing",
            Refusal::NotYours(_) => "not_yours",
            Refusal::DecidedByYou => "decided_by_you",
            Refusal::Decided => "decided",
            Refusal::Expired => "expired",
            Refusal::Changed => "changed",
            Refusal::Withheld(_) => "withheld",
            Refusal::TooLittleMoney(_) => "too_little_money",
            Refusal::Words(_) => "words",
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
    match (objection.code.as_str(), objection.constraint.as_str()) {
        ("NX006", _) => Refusal::Missing,
        ("NX007", "nexus_maker") => Refusal::NotYours("You made this one: somebody else decides it."),
        ("NX007", "nexus_editor") => Refusal::NotYours("You edited this one last: somebody else decides it."),
        ("NX007", "nexus_answerer") => Refusal::NotYours("Only whoever made or last edited it answers for it."),
        ("NX007", _) => Refusal::NotYours("Only an active administrator or manager decides."),
        ("NX003", _) => Refusal::Decided,
        ("NX018", _) => Refusal::DecidedByYou,
        ("NX020", _) => Refusal::Expired,
        ("NX015", _) => Refusal::Changed,
        ("NX014", _) => Refusal::Withheld("Nobody is known to have made it, so it can only be rejected."),
        ("NX016", "nexus_account_active") => Refusal::Withheld("The account is not active."),
        ("NX016", _) => Refusal::Withheld("The account is frozen: its balance is not what its entries say."),
        ("NX019", "nexus_transfer") => {
            Refusal::Withheld("A transfer is two linked legs that sum to zero; this one is not, so it can only be rejected.")
        }
        ("NX019", "nexus_currency") => Refusal::Withheld("The two accounts are not of one currency."),
        ("NX019", "nexus_balance") => Refusal::Withheld("The balance would be beyond what an account can hold."),
        ("NX019", _) => Refusal::Withheld("The amount is not one that can be posted, so it can only be rejected."),
        ("NX021", "nexus_no_question") => Refusal::Withheld("No question waits for an answer."),
        ("NX021", _) => Refusal::Withheld("A question about it waits for its answer."),
        ("NX022", _) => Refusal::Withheld("The setting approval_tiers cannot be read: an administrator has to correct it first."),
        ("NX008", _) => Refusal::Words("Say why, in at most 2,000 characters."),
        ("NX017", _) => match objection.detail.as_deref().map(serde_json::from_str) {
            Some(Ok(shortage)) => Refusal::TooLittleMoney(shortage),
            Some(Err(_)) | None => Refusal::Database(DatabaseError::Refused(objection)),
        },
        _ => Refusal::Database(DatabaseError::Refused(objection)),
    }
}

/// What was sent can be asked of the database at all.
pub(super) fn well_formed(words: &str, digest: &str) -> Result<(), Refusal> {
    is_text(words)?;
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_digest { Ok(()) } else { Err(Refusal::Forged) }
}

pub(super) fn is_text(words: &str) -> Result<(), Refusal> {
    if words.contains('\0') { Err(Refusal::Words("Holds a NUL character, which no text can have.")) } else { Ok(()) }
}
