//! What waits for a decision today, and who may take it?

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    accounts::{Account, Kind},
    calendar::{self, days_before, is_weekend},
    cell::Cell,
    journal::Record,
    ledger::{self, PENDING, TRANSACTIONS},
    names::{Currency, RECEIPTS, SUPPLIES},
    origin::Origin,
    table::Table,
    world::World,
};

/// Nothing here is older than this, so nothing is about to expire.
const OLDEST_DAYS: i64 = 19;
/// What `manager` neither made nor edited last.
const FOR_MANAGER: usize = 40;
const MADE_BY_MANAGER: usize = 27;

struct Waiting {
    account: usize,
    kind: &'static str,
    amount: i64,
    description: Option<String>,
    maker: usize,
    at: DateTime<Utc>,
    /// What was typed at first, and who put it right.
    edited: Option<(i64, usize)>,
}

pub fn wait(world: &mut World) {
    let mut all = particular(world);
    let makers = ["manager2", "dario.benedetti", "margit.halvorsen", "admin", "kwame.asante", "owner", "owner", "owner"];
    while all.len() < FOR_MANAGER {
        let name = *world.chance.pick(&makers);
        let maker = (name != "owner").then(|| world.find(name));
        let waiting = ordinary(world, maker);
        all.push(waiting);
    }
    let manager = world.find("manager");
    for _ in 0..MADE_BY_MANAGER {
        let waiting = ordinary(world, Some(manager));
        all.push(waiting);
    }
    while all.len() < PENDING {
        let name = *world.chance.pick(&makers[..5]);
        let maker = world.find(name);
        let mut waiting = ordinary(world, Some(maker));
        waiting.edited = Some((waiting.amount * 10, manager));
        all.push(waiting);
    }

    all.sort_by_key(|waiting| waiting.at);
    for (place, waiting) in all.into_iter().enumerate() {
        write(world, waiting, place);
    }
}

/// The ones every tour stops at.
fn particular(world: &mut World) -> Vec<Waiting> {
    let manager2 = world.find("manager2");
    let dario = world.find("dario.benedetti");
    let margit = world.find("margit.halvorsen");
    let user = world.find("user");
    let mut all = Vec::with_capacity(FOR_MANAGER);

    // More than there is.
    let short = find(world, |account| account.kind == Kind::Checking && !account.is_business && account.currency == Currency::Dollar);
    let amount = world.accounts[short].balance / 100 * 100 + 1_850_00;
    let at = working_day(world, 3);
    all.push(waiting(short, "payment", amount, "Final instalment, kitchen, as agreed by telephone", manager2, at));

    // From an account that was closed meanwhile.
    let closed = find(world, |account| account.kind == Kind::Savings && account.currency == Currency::Euro && account.balance > 500_00);
    let at = working_day(world, 9);
    let owner = world.accounts[closed].owner;
    all.push(waiting(closed, "withdrawal", 260_00, "Balance to my new bank", owner, at));
    let at = working_day(world, 6);
    let request = world.request(margit, at);
    world.accounts[closed].is_active = false;
    world.accounts[closed].record.change(request, [("is_active", Cell::Bool(false))]);

    // The same twice, within the hour.
    let twice = find(world, |account| {
        account.kind == Kind::Checking && account.is_business && account.currency == Currency::Euro && account.balance > 5_000_00
    });
    world.accounts[twice].reserved += 2 * 412_50;
    let at = working_day(world, 2);
    let words = "Rechnung 10447, Büromaterial";
    all.push(waiting(twice, "payment", 412_50, words, dario, at));
    all.push(waiting(twice, "payment", 412_50, words, manager2, at + TimeDelta::minutes(22)));

    let large = find(world, |account| {
        account.kind == Kind::Checking && account.is_business && account.currency == Currency::Dollar && account.balance > 60_000_00
    });
    world.accounts[large].reserved += 25_000_00;
    let at = working_day(world, 1);
    all.push(waiting(large, "payment", 25_000_00, "Deposit for the spring charter, MV Kestrel Tide", margit, at));

    let own: Vec<usize> = (0..world.accounts.len()).filter(|account| world.accounts[*account].owner == user).collect();
    for (account, (days, amount, words)) in own.into_iter().cycle().zip([
        (1, 64_90, "Birthday present for Cormac"),
        (4, 120_00, "Music school, spring term"),
        (8, 38_50, "Gym, refund of the double debit, please see my message of Tuesday in which I explain what went wrong"),
    ]) {
        let kind = if days == 8 { "deposit" } else { "payment" };
        let room = world.accounts[account].balance - world.accounts[account].reserved + world.accounts[account].kind.limit();
        let (kind, amount) = if kind == "payment" && room < amount { ("deposit", amount) } else { (kind, amount) };
        if kind == "payment" {
            world.accounts[account].reserved += amount;
        }
        let at = working_day(world, days);
        all.push(waiting(account, kind, amount, words, user, at));
    }
    all
}

fn waiting(account: usize, kind: &'static str, amount: i64, words: &str, maker: usize, at: DateTime<Utc>) -> Waiting {
    Waiting { account, kind, amount, description: Some(words.to_owned()), maker, at, edited: None }
}

/// The first account from the middle on that will do: there is always one among 150.
fn find(world: &World, will_do: impl Fn(&Account) -> bool) -> usize {
    let count = world.accounts.len();
    (0..count).map(|place| (place + count / 2) % count).find(|place| will_do(&world.accounts[*place])).unwrap_or(0)
}

fn working_day(world: &mut World, days_ago: i64) -> DateTime<Utc> {
    let mut day = days_before(world.today, days_ago.unsigned_abs());
    while is_weekend(day) {
        day = days_before(day, 1);
    }
    calendar::between(&mut world.chance, day, 8, 16)
}

/// Made by this one, or by the account's owner; anybody may approve it, for the money is there.
fn ordinary(world: &mut World, maker: Option<usize>) -> Waiting {
    loop {
        let last = world.accounts.len() as i64 - 1;
        let account = usize::try_from(world.chance.between(0, last)).unwrap_or(0);
        let subject = &world.accounts[account];
        if !subject.is_active || subject.kind == Kind::Loan {
            continue;
        }
        let room = subject.balance - subject.reserved;
        let (is_business, currency) = (subject.is_business, subject.currency);
        let takes = world.chance.happens(72);
        let dollars = if is_business { world.chance.between(85_00, 14_000_00) } else { world.chance.between(12_00, 940_00) };
        let amount = currency.amount(dollars);
        if amount == 25_000_00 || takes && amount > room {
            continue;
        }
        let (kind, words) = match (takes, is_business) {
            (true, true) => ("payment", *world.chance.pick(&SUPPLIES)),
            (true, false) => (*world.chance.pick(&["withdrawal", "payment"]), "As ordered by the customer at the counter"),
            (false, _) => ("deposit", *world.chance.pick(&RECEIPTS)),
        };
        if takes {
            world.accounts[account].reserved += amount;
        }
        let newest = if world.chance.happens(60) { 4 } else { OLDEST_DAYS - 3 };
        let days = world.chance.between(1, newest);
        let at = working_day(world, days);
        let maker = maker.unwrap_or(world.accounts[account].owner);
        let description = world.chance.happens(93).then(|| words.to_owned());
        return Waiting { account, kind, amount, description, maker, at, edited: None };
    }
}

fn write(world: &mut World, waiting: Waiting, place: usize) {
    let number = ledger::reference(waiting.kind, waiting.at, TRANSACTIONS + place);
    let id = world.identifiers.at(waiting.at);
    let is_staff = waiting.maker < world.customers().start;
    let can_log_in = is_staff || world.people[waiting.maker].username == "user";
    let made = if can_log_in { world.request(waiting.maker, waiting.at) } else { World::platform(waiting.at) };
    let maker = Cell::Uuid(world.people[waiting.maker].id);
    let typed = waiting.edited.map_or(waiting.amount, |(typed, _)| typed);
    let mut record = Record::new(
        Table::Transactions,
        id,
        made,
        [
            ("account_id", Cell::Uuid(world.accounts[waiting.account].id)),
            ("transaction_type", Cell::from(waiting.kind)),
            ("amount", Cell::Money(typed)),
            ("description", Cell::from(waiting.description)),
            ("reference_number", Cell::Text(number)),
            ("status", Cell::from("pending")),
            ("transaction_date", Cell::Moment(waiting.at)),
            ("created_by", maker.clone()),
            ("updated_by", maker),
        ],
    );
    if let Some((_, editor)) = waiting.edited {
        let at = waiting.at + TimeDelta::minutes(world.chance.between(4, 50));
        let origin: Origin = world.request(editor, at);
        record.change(origin, [("amount", Cell::Money(waiting.amount))]);
    }
    world.records.push(record);
}
