//! Why can a pending transaction not be decided as it is?

use std::fmt;

use crate::db::value::Number;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Nobody is known to have made it.
    MakerUnknown,
    /// A transfer without its other leg, or with one that does not fit.
    Unlinked,
    Currency,
    Amount,
    Inactive,
    Frozen,
    TooLittleMoney {
        short: Number,
        currency: Option<String>,
    },
    /// The balance would be beyond what an account holds.
    Balance,
    /// Its time is over; the next job cancels it.
    Expired,
    /// Nobody is left who could decide it.
    Stranded,
    RuleUnreadable,
}

impl Obstacle {
    pub(super) fn of(code: &str, short: Option<Number>, currency: Option<String>) -> Option<Obstacle> {
        Some(match code {
            "maker" => Obstacle::MakerUnknown,
            "transfer" => Obstacle::Unlinked,
            "currency" => Obstacle::Currency,
            "amount" => Obstacle::Amount,
            "inactive" => Obstacle::Inactive,
            "frozen" => Obstacle::Frozen,
            "funds" => Obstacle::TooLittleMoney { short: short.unwrap_or(Number::NotANumber), currency },
            "balance" => Obstacle::Balance,
            "expired" => Obstacle::Expired,
            "stranded" => Obstacle::Stranded,
            "rule" => Obstacle::RuleUnreadable,
            _ => return None,
        })
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Obstacle::MakerUnknown => "Nobody is known to have made it: it can only be rejected",
            Obstacle::Unlinked => "A transfer whose two legs are not linked: it can only be rejected",
            Obstacle::Currency => "The two accounts are not of one currency",
            Obstacle::Amount => "The amount is not one that can be posted: it can only be rejected",
            Obstacle::Inactive => "The account is not active",
            Obstacle::Frozen => "The account is frozen: its balance is not what its entries say",
            Obstacle::TooLittleMoney { short, currency } => {
                return write!(formatter, "Too little money: {short} {} short", currency.as_deref().unwrap_or_default());
            }
            Obstacle::Balance => "The balance would be beyond what an account can hold",
            Obstacle::Expired => "It has expired and is about to be cancelled",
            Obstacle::Stranded => "Too few people are left who could decide it",
            Obstacle::RuleUnreadable => "The setting approval_tiers cannot be read",
        })
    }
}
