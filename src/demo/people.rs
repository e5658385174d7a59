//! Who has a user in the demonstration, and since when?

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    calendar::{self, days_before},
    cell::Cell,
    chance::Chance,
    journal::Record,
    names::{CUSTOMERS, Currency, STAFF},
    origin::Origin,
    table::Table,
    world::World,
};

pub struct Device {
    pub agent: &'static str,
    pub address: String,
}

pub struct Person {
    pub id: Uuid,
    pub username: &'static str,
    pub company: Option<&'static str>,
    pub currency: Currency,
    /// How many accounts they are to have.
    pub accounts: usize,
    pub created: DateTime<Utc>,
    pub devices: [Device; 3],
    pub record: Record,
}

const DESKS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
];
const LAPTOPS: [&str; 2] = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
];
const TELEPHONES: [&str; 2] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
];

/// The staff in their first weeks, then the customers, most of them before the ledger begins.
pub fn arrive(world: &mut World) {
    let first = calendar::at(days_before(world.start, 400), 9, 12);
    for (place, staff) in STAFF.iter().enumerate() {
        let at = first + TimeDelta::days(place as i64 * 9) + TimeDelta::milliseconds(world.chance.between(0, 7 * 3_600_000));
        let made = if place == 0 { Origin { context: Some("console"), ..Origin::job("setup", at) } } else { world.request(0, at) };
        let seen = Seen { username: staff.username, full_name: staff.full_name, role: staff.role };
        enter(world, &seen, None, Currency::Dollar, 0, made);
    }
    for (place, customer) in CUSTOMERS.iter().enumerate() {
        // A fifth come while the ledger is already running.
        let days = if place > 0 && place % 5 == 4 { -world.chance.between(20, 300) } else { world.chance.between(15, 270) };
        let day = world.start - TimeDelta::days(days);
        let at = calendar::between(&mut world.chance, day, 7, 21);
        let made = if customer.company.is_some() {
            let admin = world.find(if place % 3 == 0 { "admin" } else { "kwame.asante" });
            let at = calendar::next_in_office(&mut world.chance, at);
            world.request(admin, at)
        } else {
            World::platform(at)
        };
        let seen = Seen { username: customer.username, full_name: customer.full_name, role: "user" };
        enter(world, &seen, customer.company, customer.currency, customer.accounts, made);
    }
}

struct Seen {
    username: &'static str,
    full_name: &'static str,
    role: &'static str,
}

fn enter(world: &mut World, seen: &Seen, company: Option<&'static str>, currency: Currency, accounts: usize, made: Origin) {
    let id = world.identifiers.at(made.at);
    let can_log_in = super::USERS.iter().any(|user| user.username == seen.username);
    let password_hash = if can_log_in { world.password_hash.clone() } else { nobodys_hash(&mut world.chance) };
    let record = Record::new(
        Table::Users,
        id,
        made.clone(),
        [
            ("username", Cell::from(seen.username)),
            ("email", Cell::Text([seen.username, "@example.com"].concat())),
            ("full_name", Cell::from(seen.full_name)),
            ("password_hash", Cell::Text(password_hash)),
            ("is_active", Cell::Bool(true)),
            ("is_verified", Cell::Bool(can_log_in || world.chance.happens(88))),
            ("role", Cell::from(seen.role)),
        ],
    );
    let place = world.people.len();
    let devices = [*world.chance.pick(&DESKS), *world.chance.pick(&LAPTOPS), *world.chance.pick(&TELEPHONES)]
        .map(|agent| Device { agent, address: String::new() });
    let mut person = Person { id, username: seen.username, company, currency, accounts, created: made.at, devices, record };
    // 192.0.2.0/24 is nobody's: 10 to 189 for these, what is above for strangers.
    for (which, device) in person.devices.iter_mut().enumerate() {
        device.address = ["192.0.2.", &(10 + which * 60 + place).to_string()].concat();
    }
    world.people.push(person);
}

/// The hash of a password nobody has: its shape is right, so a login with it takes as long as any other.
pub fn nobodys_hash(chance: &mut Chance) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
    let salt = STANDARD_NO_PAD.encode(chance.bytes::<16>());
    let hash = STANDARD_NO_PAD.encode(chance.bytes::<32>());
    ["$argon2id$v=19$m=19456,t=2,p=1$", &salt, "$", &hash].concat()
}
