//! When do people work, get paid, and shop?

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};

use super::chance::Chance;

/// How far back the ledger goes.
pub const MONTHS: u32 = 18;

pub fn days_before(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

pub fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

pub fn working_day_before(day: NaiveDate) -> NaiveDate {
    match day.weekday() {
        Weekday::Sat => days_before(day, 1),
        Weekday::Sun => days_before(day, 2),
        Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu | Weekday::Fri => day,
    }
}

/// The first days of the months whose ledger is filled, oldest first.
pub fn months_until(today: NaiveDate) -> Vec<NaiveDate> {
    let this = today.with_day(1).unwrap_or(today);
    (0..=MONTHS).rev().filter_map(|back| this.checked_sub_months(Months::new(back))).collect()
}

pub fn day_of(month: NaiveDate, day: u32) -> NaiveDate {
    month.with_day(day).unwrap_or(month)
}

/// Wages come on the 25th, or before the weekend it falls on.
pub fn payday(month: NaiveDate) -> NaiveDate {
    working_day_before(day_of(month, 25))
}

pub fn last_day(month: NaiveDate) -> NaiveDate {
    month.checked_add_months(Months::new(1)).map_or(month, |next| days_before(next, 1))
}

pub fn at(day: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    day.and_time(NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default()).and_utc()
}

/// A moment of that day between two hours.
pub fn between(chance: &mut Chance, day: NaiveDate, first_hour: u32, last_hour: u32) -> DateTime<Utc> {
    let milliseconds = chance.between(0, i64::from(last_hour - first_hour) * 3_600_000 - 1);
    at(day, first_hour, 0) + TimeDelta::milliseconds(milliseconds)
}

pub fn in_office(chance: &mut Chance, day: NaiveDate) -> DateTime<Utc> {
    between(chance, day, 8, 17)
}

/// Moves a moment into the next working day's office hours, if it is outside them.
pub fn next_in_office(chance: &mut Chance, moment: DateTime<Utc>) -> DateTime<Utc> {
    let mut day = moment.date_naive();
    if moment >= at(day, 17, 0) {
        day = day + Days::new(1);
    } else if moment >= at(day, 8, 0) && !is_weekend(day) {
        return moment;
    }
    while is_weekend(day) {
        day = day + Days::new(1);
    }
    between(chance, day, 8, 11)
}
