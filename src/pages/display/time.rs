//! How is a moment written in somebody's zone, and how long ago was it?

use std::fmt;

use askama::filters::HtmlSafe;
use chrono::{DateTime, Datelike, FixedOffset, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::{OffsetName, Tz};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment in the reader's zone. Far dates and infinity do not fit into one and are shown as text.
#[derive(Clone, Copy, Debug)]
pub struct TimeShown {
    instant: DateTime<Utc>,
    local: DateTime<FixedOffset>,
    zone: Tz,
    this_year: i32,
}

/// Reads a zone's name as it is kept in the preferences; what is not one reads as UTC.
#[must_use]
pub fn parse_zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

impl TimeShown {
    /// `now` decides only whether the short form needs the year.
    #[must_use]
    pub fn new(instant: DateTime<Utc>, zone: Tz, now: DateTime<Utc>) -> Self {
        let offset = zone.offset_from_utc_datetime(&instant.naive_utc()).fix();
        Self { instant, local: instant.with_timezone(&offset), zone, this_year: now.with_timezone(&zone).year() }
    }

    /// Whether the reader's own time is the one that evidence is read in.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        self.zone == Tz::UTC
    }

    #[must_use]
    pub fn instant(&self) -> DateTime<Utc> {
        self.instant
    }

    /// RFC 3339 with the offset, for the `datetime` attribute.
    #[must_use]
    pub fn machine(&self) -> Machine {
        Machine(self.local)
    }

    /// The day in a list: "24 Nov", with the year unless it is this one.
    #[must_use]
    pub fn day(&self) -> Day {
        let year = (self.local.year() != self.this_year).then(|| self.local.year());
        Day { day: self.local.day(), month: self.local.month0(), year }
    }

    /// The day in the reader's calendar.
    #[must_use]
    pub fn date(&self) -> chrono::NaiveDate {
        self.local.date_naive()
    }

    /// "14:31"
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock { hour: self.local.hour(), minute: self.local.minute() }
    }

    /// "14:31:07", where a minute holds several.
    #[must_use]
    pub fn seconds(&self) -> Seconds {
        Seconds { clock: self.clock(), second: self.local.second() }
    }

    /// The zone's short name, or its offset.
    #[must_use]
    pub fn zone(&self) -> Zone {
        Zone { zone: self.zone, instant: self.instant }
    }

    /// "2026-11-24 13:31:07 UTC", the form evidence is read in.
    #[must_use]
    pub fn utc(&self) -> Exact {
        Exact(self.instant)
    }
}

/// The long form: "24 Nov 2026, 14:31 CET".
impl fmt::Display for TimeShown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = Day { day: self.local.day(), month: self.local.month0(), year: Some(self.local.year()) };
        write!(formatter, "{day}, {} {}", self.clock(), self.zone())
    }
}

pub struct Machine(DateTime<FixedOffset>);

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0;
        write!(formatter, "{:04}-{:02}-{:02}T", at.year(), at.month(), at.day())?;
        write!(formatter, "{:02}:{:02}:{:02}{}", at.hour(), at.minute(), at.second(), at.offset())
    }
}

pub struct Exact(DateTime<Utc>);

impl fmt::Display for Exact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0;
        write!(formatter, "{:04}-{:02}-{:02} ", at.year(), at.month(), at.day())?;
        write!(formatter, "{:02}:{:02}:{:02} UTC", at.hour(), at.minute(), at.second())
    }
}

pub struct Day {
    day: u32,
    /// From 0.
    month: u32,
    year: Option<i32>,
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let month = MONTHS.get(self.month as usize).copied().unwrap_or_default();
        write!(formatter, "{} {month}", self.day)?;
        match self.year {
            Some(year) => write!(formatter, " {year}"),
            None => Ok(()),
        }
    }
}

pub struct Clock {
    hour: u32,
    minute: u32,
}

impl fmt::Display for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.hour, self.minute)
    }
}

pub struct Seconds {
    clock: Clock,
    second: u32,
}

impl fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{:02}", self.clock, self.second)
    }
}

pub struct Zone {
    zone: Tz,
    instant: DateTime<Utc>,
}

impl fmt::Display for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.zone.offset_from_utc_datetime(&self.instant.naive_utc());
        // Zones without a name of their own are called by their offset ("+04") in the tz database.
        match offset.abbreviation() {
            Some(name) if name.starts_with(|first: char| first.is_ascii_alphabetic()) => formatter.write_str(name),
            Some(_) | None => write!(formatter, "UTC{}", offset.fix()),
        }
    }
}

/// How far a moment lies from now: "2 days ago", "in 3 hours".
#[derive(Clone, Copy, Debug)]
pub struct Age {
    distance: TimeDelta,
}

impl Age {
    #[must_use]
    pub fn between(then: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self { distance: now - then }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distance = self.distance.abs();
        let (count, unit) = if distance.num_days() >= 730 {
            (distance.num_days() / 365, "year")
        } else if distance.num_days() >= 60 {
            (distance.num_days() / 30, "month")
        } else if distance.num_days() >= 1 {
            (distance.num_days(), "day")
        } else if distance.num_hours() >= 1 {
            (distance.num_hours(), "hour")
        } else if distance.num_minutes() >= 1 {
            (distance.num_minutes(), "minute")
        } else {
            return formatter.write_str("just now");
        };
        let plural = if count == 1 { "" } else { "s" };
        if self.distance < TimeDelta::zero() {
            write!(formatter, "in {count} {unit}{plural}")
        } else {
            write!(formatter, "{count} {unit}{plural} ago")
        }
    }
}

// Digits, months and signs: escaping them would cost a scan of every cell.
impl HtmlSafe for Machine {}
impl HtmlSafe for Exact {}
impl HtmlSafe for Day {}
impl HtmlSafe for Clock {}
impl HtmlSafe for Seconds {}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("the test's moment is one")
    }

    #[test]
    fn moments_are_written_in_the_readers_zone() {
        let now = at("2026-11-24T15:00:00Z");
        let shown = TimeShown::new(at("2026-11-24T13:31:07Z"), parse_zone("Europe/Berlin"), now);
        assert_eq!(shown.to_string(), "24 Nov 2026, 14:31 CET");
        assert_eq!(shown.machine().to_string(), "2026-11-24T14:31:07+01:00");
        assert_eq!(shown.utc().to_string(), "2026-11-24 13:31:07 UTC");
        assert_eq!(format!("{}, {}", shown.day(), shown.clock()), "24 Nov, 14:31");
        let older = TimeShown::new(at("2025-12-31T23:30:00Z"), parse_zone("Asia/Tokyo"), now);
        assert_eq!(older.day().to_string(), "1 Jan", "it is this year there");
        let older = TimeShown::new(at("2025-12-31T23:30:00Z"), parse_zone("no such zone"), now);
        assert_eq!(format!("{}, {}", older.day(), older), "31 Dec 2025, 31 Dec 2025, 23:30 UTC");
        let unnamed = TimeShown::new(at("2026-11-24T13:31:07Z"), parse_zone("Asia/Dubai"), now);
        assert_eq!(unnamed.to_string(), "24 Nov 2026, 17:31 UTC+04:00");
    }

    #[test]
    fn ages_are_whole_units() {
        let now = at("2026-11-24T15:00:00Z");
        for (then, written) in [
            ("2026-11-24T14:59:30Z", "just now"),
            ("2026-11-24T14:51:00Z", "9 minutes ago"),
            ("2026-11-24T13:59:00Z", "1 hour ago"),
            ("2026-11-22T14:00:00Z", "2 days ago"),
            ("2026-11-27T16:00:00Z", "in 3 days"),
            ("2024-01-01T00:00:00Z", "2 years ago"),
        ] {
            assert_eq!(Age::between(at(then), now).to_string(), written);
        }
    }
}
