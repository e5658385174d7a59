//! What is a point in time, as typed?

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::db::value::Timestamp;

/// What somebody typed: a whole day, or a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Typed {
    /// From its first moment to before the next day's first.
    Day {
        start: Timestamp,
        end: Timestamp,
    },
    Moment(Timestamp),
}

const FORMATS: [&str; 5] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H"];

/// Reads a date, a local time in `zone`, RFC 3339 with its own offset, or `now`. `None` for anything else.
pub fn parse(text: &str, zone: Tz) -> Option<Typed> {
    if text == "now" {
        return Some(Typed::Moment(storable(Utc::now())?));
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        let start = storable(first_moment(day, zone)?)?;
        let end = storable(first_moment(day.checked_add_days(Days::new(1))?, zone)?)?;
        return Some(Typed::Day { start, end });
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(Typed::Moment(storable(moment.with_timezone(&Utc))?));
    }
    let local = FORMATS.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
    Some(Typed::Moment(storable(earliest(local, zone)?)?))
}

fn storable(moment: DateTime<Utc>) -> Option<Timestamp> {
    Timestamp::is_storable(moment).then(|| moment.into())
}

fn first_moment(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    earliest(day.and_hms_opt(0, 0, 0)?, zone)
}

/// A local time that a clock change skips counts as the first one after it; of one that occurs twice, the first.
fn earliest(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => Some(moment.with_timezone(&Utc)),
        LocalResult::None => (1..=4).find_map(|quarters| {
            let later = local.checked_add_signed(chrono::TimeDelta::minutes(30 * quarters))?;
            zone.from_local_datetime(&later).earliest().map(|moment| moment.with_timezone(&Utc))
        }),
    }
}
