//! What was everybody told, and have they read it?

use chrono::{DateTime, TimeDelta, Utc};

use super::{calendar, cell::Cell, journal::Record, origin::Origin, table::Table, world::World};
use crate::workflows::told;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Urgency {
    Plain,
    Urgent,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    Yes,
    No,
}

struct Notice {
    to: &'static str,
    title: &'static str,
    message: &'static str,
    kind: &'static str,
    urgency: Urgency,
    read: Read,
    age: i64,
    /// Days after which it is out of date.
    lasts: Option<i64>,
}

const fn notice(to: &'static str, kind: &'static str, title: &'static str, message: &'static str, age: i64) -> Notice {
    Notice { to, title, message, kind, urgency: Urgency::Plain, read: Read::No, age, lasts: None }
}

const NOTICES: [Notice; 22] = [
    Notice {
        urgency: Urgency::Urgent,
        ..notice(
            "admin",
            "error",
            "40 failed logins in three minutes",
            "Somebody at 192.0.2.251 tried passwords for admin, root and others at night. The account rested for 30 minutes; nobody got in.",
            3,
        )
    },
    Notice {
        urgency: Urgency::Urgent,
        lasts: Some(5),
        ..notice("admin", "warning", "A key is nearly 90 days old", "“Reporting export, nightly” is due for rotation in two days.", 1)
    },
    notice(
        "admin",
        "warning",
        "An alias ends in three days",
        "screening-shadow [backend] points to fraud-screening-api. Extend it or let it end.",
        1,
    ),
    Notice { read: Read::Yes, ..notice("admin", "success", "Quarterly access review finished", "58 users attested, 2 deactivated.", 54) },
    Notice {
        read: Read::Yes,
        lasts: Some(2),
        ..notice("admin", "info", "Maintenance tonight from 22:00", "The web bank shows a notice until about midnight.", 23)
    },
    notice("manager", "info", told::WAITING, told::WHAT_WAITS, 1),
    Notice {
        urgency: Urgency::Urgent,
        ..notice(
            "manager",
            "warning",
            "25,000.00 USD waits for a second person",
            "Deposit for the spring charter, MV Kestrel Tide. The charterer asks for an answer by Thursday.",
            1,
        )
    },
    Notice {
        read: Read::Yes,
        ..notice("manager", "error", "Your transaction was rejected", "The invoice is made out to another company.", 13)
    },
    Notice { read: Read::Yes, ..notice("manager", "success", "Month-end closed", "All accounts agree with the ledger.", 24) },
    Notice {
        read: Read::Yes,
        lasts: Some(7),
        ..notice("manager", "info", "Office closed on Monday", "Approvals of that day go to the team in Dublin.", 40)
    },
    notice("manager2", "info", told::WAITING, told::WHAT_WAITS, 1),
    Notice {
        read: Read::Yes,
        ..notice("manager2", "success", "Welcome back", "While you were away Dario Benedetti decided on 31 of your items.", 75)
    },
    Notice {
        urgency: Urgency::Urgent,
        ..notice(
            "auditor",
            "warning",
            "A user was changed past the console",
            "oskar.lindqvist was made active again by db:postgres at 23:47.",
            8,
        )
    },
    notice("auditor", "warning", "An export at night", "All users, as CSV, at 03:12. The actor's usual hours are 7 to 17.", 5),
    Notice { read: Read::Yes, ..notice("auditor", "info", "Sample for the fourth quarter drawn", "25 transactions, seed 4471.", 30) },
    notice("user", "success", "Your savings interest has arrived", "Credit interest for the quarter was posted to Rainy day.", 20),
    Notice {
        urgency: Urgency::Urgent,
        lasts: Some(20),
        ..notice(
            "user",
            "warning",
            "New device",
            "Somebody logged in from a telephone you have not used before. If it was not you, end the session and change your password.",
            2,
        )
    },
    Notice {
        read: Read::Yes,
        ..notice(
            "user",
            "info",
            "Hinweis für Kundinnen und Kunden in Deutschland: Ihr Freistellungsauftrag",
            "Bitte prüfen Sie bis zum Jahresende, ob der Betrag noch stimmt.\n\nالرجاء مراجعة المبلغ قبل نهاية السنة.",
            33,
        )
    },
    notice("viewer", "info", "You may now read governance rules", "They are under Registry.", 15),
    Notice {
        lasts: Some(4),
        ..notice("viewer", "info", "Training: reading the ledger", "Thursday at 10:00, second floor or by video.", 26)
    },
    Notice { read: Read::Yes, ..notice("viewer", "success", "Your access was confirmed", "Review of the third quarter.", 54) },
    notice("lena.fischer", "info", "Your role has changed", "You are a viewer again.", 32),
];

pub fn send(world: &mut World) {
    let admin = world.find("admin");
    for notice in &NOTICES {
        let to = world.find(notice.to);
        let at = world.ago(notice.age);
        let made = if notice.age % 2 == 0 { world.request(admin, at) } else { World::platform(at) };
        tell(world, notice, to, made);
    }

    // To everybody at once, in one request.
    let all = Notice {
        lasts: Some(30),
        ..notice(
            "",
            "info",
            "New opening hours from December",
            "The telephone desk answers from 7:00 to 20:00, on Saturdays until 14:00.",
            10,
        )
    };
    let at = world.ago(all.age);
    let made = world.request(admin, at);
    for to in 0..world.people.len() {
        tell(world, &all, to, made.clone());
    }
}

fn tell(world: &mut World, notice: &Notice, to: usize, made: Origin) {
    let at = made.at;
    let id = world.identifiers.at(at);
    let mut record = Record::new(
        Table::Notifications,
        id,
        made,
        [
            ("user_id", Cell::Uuid(world.people[to].id)),
            ("title", Cell::from(notice.title)),
            ("message", Cell::from(notice.message)),
            ("notification_type", Cell::from(notice.kind)),
            ("is_read", Cell::Bool(false)),
            ("is_urgent", Cell::Bool(notice.urgency == Urgency::Urgent)),
            ("expires_at", Cell::from(notice.lasts.map(|days| at + TimeDelta::days(days)))),
        ],
    );
    let is_read = notice.read == Read::Yes || (notice.to.is_empty() && to.is_multiple_of(3));
    if is_read {
        let at = read_at(world, at);
        let origin = world.request(to, at);
        record.change(origin, [("is_read", Cell::Bool(true))]);
    }
    world.records.push(record);
}

/// Within a day or two.
fn read_at(world: &mut World, sent: DateTime<Utc>) -> DateTime<Utc> {
    let later = sent + TimeDelta::minutes(world.chance.between(3, 1_600));
    calendar::next_in_office(&mut world.chance, later)
}
