//! Which accounts does the demonstration hold, whose, and with what in them?

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{calendar, cell::Cell, journal::Record, names::Currency, table::Table, world::World};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Checking,
    Savings,
    Investment,
    Credit,
    Loan,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Checking => "checking",
            Kind::Savings => "savings",
            Kind::Investment => "investment",
            Kind::Credit => "credit",
            Kind::Loan => "loan",
        }
    }

    /// How far below nothing the balance may go, in hundredths of dollars.
    pub fn limit(self) -> i64 {
        match self {
            Kind::Checking | Kind::Savings | Kind::Investment => 0,
            Kind::Credit => 800_000,
            Kind::Loan => 100_000_000,
        }
    }

    fn number_prefix(self) -> &'static str {
        match self {
            Kind::Checking => "20-41-17 ",
            Kind::Savings => "20-41-23 ",
            Kind::Investment => "20-44-02 ",
            Kind::Credit => "20-47-60 ",
            Kind::Loan => "20-48-91 ",
        }
    }
}

pub struct Account {
    pub id: Uuid,
    pub owner: usize,
    pub kind: Kind,
    pub currency: Currency,
    pub name: String,
    pub is_business: bool,
    pub created: DateTime<Utc>,
    /// In hundredths, as the ledger has it so far.
    pub balance: i64,
    /// What pending debits would take.
    pub reserved: i64,
    pub is_active: bool,
    pub record: Record,
}

const PRIVATE: [(Kind, &str); 6] = [
    (Kind::Checking, "Everyday"),
    (Kind::Savings, "Rainy day"),
    (Kind::Credit, "Card"),
    (Kind::Investment, "Index funds"),
    (Kind::Loan, "Home loan"),
    (Kind::Checking, "Household, joint"),
];

const BUSINESS: [(Kind, &str); 12] = [
    (Kind::Checking, "Operating"),
    (Kind::Checking, "Payroll"),
    (Kind::Savings, "Tax reserve"),
    (Kind::Credit, "Fuel credit line"),
    (Kind::Loan, "Vessel mortgage 2"),
    (Kind::Investment, "Pension fund, staff"),
    (Kind::Checking, "Settlement"),
    (Kind::Checking, "Client money, held on behalf of charterers under the agreement of 14 March, not to be mixed with own funds"),
    (Kind::Savings, "Dry dock 2028"),
    (Kind::Checking, "Dollar receipts"),
    (Kind::Checking, "Yen receipts"),
    (Kind::Credit, "Company cards"),
];

pub fn open(world: &mut World) {
    let mut opened = 0_i64;
    for owner in world.customers() {
        let count = world.people[owner].accounts;
        let is_business = world.people[owner].company.is_some();
        for place in 0..count {
            opened += 1;
            let (kind, purpose) = if is_business { BUSINESS[place % BUSINESS.len()] } else { private(owner, place) };
            let currency = match purpose {
                "Dollar receipts" => Currency::Dollar,
                "Yen receipts" => Currency::Yen,
                _ => world.people[owner].currency,
            };
            open_one(world, owner, kind, purpose, currency, opened);
        }
    }
}

/// Of fewer than four accounts not everybody has the same ones; the first is always for everyday use.
fn private(owner: usize, place: usize) -> (Kind, &'static str) {
    if place == 0 { PRIVATE[0] } else { PRIVATE[1 + (owner + place - 1) % (PRIVATE.len() - 1)] }
}

fn open_one(world: &mut World, owner: usize, kind: Kind, purpose: &str, currency: Currency, opened: i64) {
    let person = &world.people[owner];
    let is_business = person.company.is_some();
    let name = match (person.company, kind) {
        (Some(company), _) => [company, ", ", purpose].concat(),
        (None, Kind::Checking | Kind::Savings | Kind::Credit | Kind::Investment | Kind::Loan) => purpose.to_owned(),
    };
    let since = person.created + TimeDelta::minutes(4);
    let later = since + TimeDelta::days(world.chance.between(0, 60));
    // The console opens with nothing; the platform brings along what a customer had elsewhere.
    let by_console = is_business && kind != Kind::Loan && opened % 3 == 0;
    let (made, opening) = if by_console {
        let at = calendar::next_in_office(&mut world.chance, later);
        let manager = world.find(if opened % 2 == 0 { "dario.benedetti" } else { "margit.halvorsen" });
        (world.request(manager, at), 0)
    } else {
        let dollars = match kind {
            Kind::Checking if is_business => world.chance.between(60_000_00, 420_000_00),
            Kind::Checking => world.chance.between(1_200_00, 9_400_00),
            Kind::Savings => world.chance.between(2_000_00, 60_000_00),
            Kind::Investment => world.chance.between(5_000_00, 240_000_00),
            Kind::Credit => -world.chance.between(120_00, 2_400_00),
            Kind::Loan => -world.chance.between(20_000_00, 380_000_00),
        };
        (World::platform(later), currency.amount(dollars))
    };
    let id = world.identifiers.at(made.at);
    let mut digits = format!("{:07}", 48_271 * (1_000 + opened) % 9_999_991);
    digits.insert(4, ' ');
    let record = Record::new(
        Table::Accounts,
        id,
        made.clone(),
        [
            ("user_id", Cell::Uuid(world.people[owner].id)),
            ("account_name", Cell::from(name.as_str())),
            ("account_type", Cell::from(kind.name())),
            ("account_number", Cell::Text([kind.number_prefix(), &digits].concat())),
            ("balance", Cell::Money(opening)),
            ("currency", Cell::from(currency.code())),
            ("is_active", Cell::Bool(true)),
        ],
    );
    let ledger = Record::new(
        Table::AccountLedger,
        world.identifiers.at(made.at),
        made.clone(),
        [("account_id", Cell::Uuid(id)), ("opening_balance", Cell::Money(opening))],
    );
    world.records.push(ledger);
    let created = made.at;
    world.accounts.push(Account {
        id,
        owner,
        kind,
        currency,
        name,
        is_business,
        created,
        balance: opening,
        reserved: 0,
        is_active: true,
        record,
    });
}
