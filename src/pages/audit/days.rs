//! Which days does the picture of a search have?

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::{
    audit::trail::query::{Condition, End, Period, When},
    db::value::Timestamp,
    resource::moment::{self, Typed},
};

/// A day as a period begins and ends with it.
pub struct Span {
    pub date: NaiveDate,
    pub start: Timestamp,
    /// The first moment of the next one.
    pub end: Timestamp,
}

const SHOWN: u64 = 30;

/// The days up to the end of a period, or to now, oldest first.
pub fn spans(period: Period, now: DateTime<Utc>, zone: Tz) -> Vec<Span> {
    let end = match period.to {
        Some(End::Through(moment)) => moment.moment(),
        Some(End::Before(moment)) => moment.moment().and_then(|moment| moment.checked_sub_signed(chrono::TimeDelta::microseconds(1))),
        None => None,
    };
    let last = end.unwrap_or(now).with_timezone(&zone).date_naive();
    let first = last.checked_sub_days(Days::new(SHOWN - 1)).unwrap_or(last);
    first.iter_days().take(SHOWN as usize).filter_map(|date| span(date, zone)).collect()
}

fn span(date: NaiveDate, zone: Tz) -> Option<Span> {
    match moment::parse(&date.to_string(), zone)? {
        Typed::Day { start, end } => Some(Span { date, start, end }),
        Typed::Moment(_) => None,
    }
}

impl Span {
    pub fn is_within(&self, period: Period) -> bool {
        let begins = period.from.is_none_or(|from| self.end > from);
        let ends = match period.to {
            None => true,
            Some(End::Through(to)) => self.start <= to,
            Some(End::Before(to)) => self.start < to,
        };
        begins && ends
    }

    /// The two conditions that ask for this day alone.
    pub fn conditions(&self) -> [Condition; 2] {
        let when = || When { typed: self.date.to_string(), moment: Typed::Day { start: self.start, end: self.end } };
        [Condition::From(when()), Condition::To(when())]
    }
}
