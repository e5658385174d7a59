//! What is known while the demonstration is being made up: the day, the people, their accounts?

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{
    accounts::{self, Account},
    activity,
    calendar::{self, days_before},
    chance::{Chance, Identifiers},
    history,
    journal::{Journal, Record},
    keys, ledger, names, notices,
    origin::{Author, Origin},
    pending,
    people::{self, Person},
    registry,
};

/// The role the platform itself writes as, past the console.
pub const PLATFORM: &str = "nexus_platform";

pub struct World {
    pub today: NaiveDate,
    /// The first day of the ledger.
    pub start: NaiveDate,
    pub chance: Chance,
    pub identifiers: Identifiers,
    pub password_hash: String,
    pub people: Vec<Person>,
    pub accounts: Vec<Account>,
    pub records: Vec<Record>,
    events: Vec<(&'static str, Value, Origin)>,
}

impl World {
    pub fn new(today: NaiveDate, password_hash: &str, seed: u64) -> Self {
        let start = calendar::months_until(today).first().copied().unwrap_or(today);
        Self {
            today,
            start,
            chance: Chance::new(seed),
            identifiers: Identifiers::new(seed ^ 0x006e_6578_7573),
            password_hash: password_hash.to_owned(),
            people: Vec::new(),
            accounts: Vec::new(),
            records: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Everything that happened, up to midnight before `today`.
    pub fn history(&mut self) -> Journal {
        people::arrive(self);
        accounts::open(self);
        ledger::post(self);
        pending::wait(self);
        registry::define(self);
        keys::issue(self);
        notices::send(self);
        activity::log_in(self);
        history::happen(self);

        let mut journal = Journal::default();
        for person in self.people.drain(..) {
            person.record.write(&mut journal);
        }
        for account in self.accounts.drain(..) {
            account.record.write(&mut journal);
        }
        for record in self.records.drain(..) {
            record.write(&mut journal);
        }
        for (action, details, origin) in self.events.drain(..) {
            journal.event(action, &details, origin);
        }
        journal
    }

    pub fn event(&mut self, action: &'static str, details: Value, origin: Origin) {
        self.events.push((action, details, origin));
    }

    /// Where this person is in `people`; names are the demonstration's own, so there is one.
    pub fn find(&self, username: &str) -> usize {
        self.people.iter().position(|person| person.username == username).unwrap_or(0)
    }

    pub fn ago(&mut self, days: i64) -> DateTime<Utc> {
        let day = days_before(self.today, days.unsigned_abs());
        calendar::in_office(&mut self.chance, day)
    }

    /// A request this person sends to the console.
    pub fn request(&mut self, who: usize, at: DateTime<Utc>) -> Origin {
        let person = &self.people[who];
        let device = &person.devices[device_of(at.date_naive())];
        Origin {
            at,
            author: Author::User { id: person.id, name: person.username.to_owned() },
            context: Some("console"),
            address: Some(device.address.clone()),
            agent: Some(device.agent),
            request: Some(self.identifiers.at(at).simple().to_string()),
            session: Some(session_of(who, at.date_naive())),
            outcome: None,
            reason: None,
            approval: None,
        }
    }

    pub fn platform(at: DateTime<Utc>) -> Origin {
        Origin::role(PLATFORM, at)
    }

    /// `names::STAFF` who may decide, but for these.
    pub fn decider(&mut self, not: &[usize], at: DateTime<Utc>) -> usize {
        let able: Vec<usize> = ["manager", "manager2", "dario.benedetti", "margit.halvorsen", "admin"]
            .into_iter()
            .map(|name| self.find(name))
            .filter(|who| !not.contains(who) && self.people[*who].created < at)
            .collect();
        *self.chance.pick(&able)
    }

    pub fn customers(&self) -> std::ops::Range<usize> {
        names::STAFF.len()..self.people.len()
    }
}

/// People change between a desk, a laptop and a telephone.
pub fn device_of(day: NaiveDate) -> usize {
    match day.num_days_from_ce().rem_euclid(9) {
        0..=5 => 0,
        6 | 7 => 1,
        _ => 2,
    }
}

/// The session a person works in on a day: the one their login of that morning names.
pub fn session_of(who: usize, day: NaiveDate) -> Uuid {
    let seed = u64::from(day.num_days_from_ce().unsigned_abs()) * 1_000 + who as u64;
    Identifiers::new(seed).at(login_time(who, day))
}

pub fn login_time(who: usize, day: NaiveDate) -> DateTime<Utc> {
    let seed = u64::from(day.num_days_from_ce().unsigned_abs()) * 1_000 + who as u64;
    calendar::at(day, 7, 20) + TimeDelta::milliseconds(Chance::new(seed).between(0, 39 * 60_000))
}
