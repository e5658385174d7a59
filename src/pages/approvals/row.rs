//! How does one line of the queue read?

use chrono::{DateTime, TimeDelta, Utc};

use super::query::Asked;
use crate::{
    pages::{
        display::{Age, MoneyShown},
        shown::money,
    },
    workflows::approval::{Obstacle, queue::Waiting},
};

/// Whoever waits longer than this is late.
const LATE: TimeDelta = TimeDelta::days(2);

pub struct Row<'a> {
    pub waiting: &'a Waiting,
    pub href: String,
    pub is_open: bool,
    pub amount: MoneyShown<'a>,
    pub age: Option<Age>,
    pub is_late: bool,
    pub maker: &'a str,
    /// Icons of the approvals so far and of those that are missing.
    pub ticks: Vec<&'static str>,
    pub obstacle: Option<String>,
}

impl<'a> Row<'a> {
    pub fn of(waiting: &'a Waiting, asked: &Asked, open: Option<uuid::Uuid>, reader: uuid::Uuid, now: DateTime<Utc>) -> Row<'a> {
        let made_at = waiting.made_at().and_then(|time| time.moment());
        let needed = usize::try_from(waiting.needed.unwrap_or(0)).unwrap_or(0);
        let so_far = usize::try_from(waiting.so_far).unwrap_or(0).min(needed);
        Row {
            href: format!("{}#focus", asked.item_url(waiting.id)),
            is_open: open == Some(waiting.id),
            amount: money(&waiting.amount, waiting.currency.as_deref()).unsigned(),
            age: made_at.map(|made_at| Age::between(made_at, now)),
            is_late: made_at.is_some_and(|made_at| now - made_at >= LATE),
            maker: match (waiting.maker, &waiting.maker_name) {
                (Some(maker), _) if maker == reader => "you",
                (Some(_), Some(name)) => name,
                (Some(_), None) | (None, _) => "nobody known",
            },
            ticks: (0..needed).map(|place| if place < so_far { "completed" } else { "pending" }).collect(),
            obstacle: waiting.obstacle.as_ref().map(worded),
            waiting,
        }
    }
}

/// An obstacle with its amount as amounts are written.
pub fn worded(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::TooLittleMoney { short, currency } => format!("Too little money: {} short", money(short, currency.as_deref())),
        Obstacle::MakerUnknown
        | Obstacle::Unlinked
        | Obstacle::Currency
        | Obstacle::Amount
        | Obstacle::Inactive
        | Obstacle::Frozen
        | Obstacle::Balance
        | Obstacle::Expired
        | Obstacle::Stranded
        | Obstacle::RuleUnreadable => obstacle.to_string(),
    }
}
