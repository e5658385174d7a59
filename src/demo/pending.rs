//! What waits for a decision today, and who may take it?

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    accounts::{Account, Kind},
    calendar::{self, days_before, is_weekend},
    cell::Cell,
    journal::Record,
    ledger::{self, Decision, PENDING, TRANSACTIONS},
    names::{Currency, RECEIPTS, STAFF, SUPPLIES},
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
    /// The other side of a transfer.
    target: Option<usize>,
    /// The completed transaction it takes back.
    reverses: Option<Uuid>,
    said: Said,
}

/// What somebody said to it already.
#[derive(Clone, Copy)]
enum Said {
    Nothing,
    /// The first of two approvals.
    Approve(usize),
    Ask(usize, &'static str),
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
    let moved = transfer(world, manager);
    all.push(moved);
    // Its two legs are two rows.
    for place in 0..MADE_BY_MANAGER - 2 {
        let mut waiting = ordinary(world, Some(manager));
        if place == 0 {
            waiting.said = Said::Ask(world.find("manager2"), "Which invoice is this for? I find none of this amount.");
        }
        all.push(waiting);
    }
    while all.len() < PENDING - 1 {
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
    set_limit(world);
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
    let mut charter = waiting(large, "payment", 25_000_00, "Deposit for the spring charter, MV Kestrel Tide", margit, at);
    charter.said = Said::Approve(dario);
    all.push(charter);

    let back = reversal(world, dario);
    all.push(back);

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
    Waiting {
        account,
        kind,
        amount,
        description: Some(words.to_owned()),
        maker,
        at,
        edited: None,
        target: None,
        reverses: None,
        said: Said::Nothing,
    }
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
        return Waiting { account, kind, amount, description, maker, at, edited: None, target: None, reverses: None, said: Said::Nothing };
    }
}

/// Between two accounts of one customer, who asked for it.
fn transfer(world: &mut World, maker: usize) -> Waiting {
    let source = find(world, |account| {
        account.kind == Kind::Checking
            && account.is_business
            && account.is_active
            && account.balance - account.reserved > 8_000_00
            && world.accounts.iter().any(|other| may_receive(account, other))
    });
    let from = &world.accounts[source];
    let target = world.accounts.iter().position(|other| may_receive(from, other));
    world.accounts[source].reserved += 4_800_00;
    let at = working_day(world, 2);
    let words = "To the tax reserve, as every quarter";
    Waiting { target, ..waiting(source, "transfer", 4_800_00, words, maker, at) }
}

fn may_receive(from: &Account, other: &Account) -> bool {
    other.owner == from.owner && other.currency == from.currency && other.id != from.id && other.kind == Kind::Savings && other.is_active
}

/// Takes the newest payment back that left an account which still takes transactions.
fn reversal(world: &mut World, maker: usize) -> Waiting {
    let at = working_day(world, 1);
    let text = |record: &Record, column: &str, expected: &str| matches!(record.value(column), Some(Cell::Text(text)) if text == expected);
    let account_of = |record: &Record| {
        let Some(Cell::Uuid(account)) = record.value("account_id") else { return None };
        world.accounts.iter().position(|other| other.id == *account && other.is_active && other.kind == Kind::Checking)
    };
    let newest = world.records.iter().rev().find_map(|record| {
        let is_payment =
            record.table == Table::Transactions && text(record, "transaction_type", "payment") && text(record, "status", "completed");
        let (Some(Cell::Money(amount)), Some(Cell::Text(number))) = (record.value("amount"), record.value("reference_number")) else {
            return None;
        };
        let is_earlier = matches!(record.value("transaction_date"), Some(Cell::Moment(paid)) if *paid < at);
        let account = account_of(record).filter(|_| is_payment && is_earlier)?;
        Some((record.id, account, *amount, number.clone()))
    });
    match newest {
        Some((original, account, amount, number)) => {
            let words = format!("Reversal of {number}: charged twice, the customer called");
            Waiting { reverses: Some(original), ..waiting(account, "deposit", amount, &words, maker, at) }
        }
        None => ordinary(world, Some(maker)),
    }
}

/// How far below nothing one customer's card may go; what moved on it has kept to that.
fn set_limit(world: &mut World) {
    let admin = world.find("admin");
    let card = find(world, |account| account.kind == Kind::Credit && account.is_active);
    let account = &world.accounts[card];
    let (subject, lowest) = (account.id, -account.currency.amount(account.kind.limit()));
    let at = world.ago(40).max(account_opened(world, card));
    let origin = world.request(admin, at);
    let id = world.identifiers.at(at);
    let values = [
        ("account_id", Cell::Uuid(subject)),
        ("lowest_balance", Cell::Money(lowest)),
        ("created_at", Cell::Moment(at)),
        ("updated_at", Cell::Moment(at)),
    ];
    world.records.push(Record::new(Table::AccountLimits, id, origin, values));
}

fn account_opened(world: &World, account: usize) -> DateTime<Utc> {
    world.accounts[account].created + TimeDelta::hours(1)
}

fn write(world: &mut World, waiting: Waiting, place: usize) {
    let number = match waiting.reverses {
        Some(_) => ["REV-", &(TRANSACTIONS + place).to_string()].concat(),
        None => ledger::reference(waiting.kind, waiting.at, TRANSACTIONS + place),
    };
    let is_staff = waiting.maker < world.customers().start;
    let can_log_in = is_staff || world.people[waiting.maker].username == "user";
    let made = if can_log_in { world.request(waiting.maker, waiting.at) } else { World::platform(waiting.at) };
    let source = match waiting.target {
        None => leg(world, &waiting, (waiting.account, 1), &number, &made),
        Some(target) => {
            let source = leg(world, &waiting, (waiting.account, -1), &number, &made);
            let target = leg(world, &waiting, (target, 1), &number, &made);
            ledger::link(world, source, target, made.clone());
            source
        }
    };
    if let Some(original) = waiting.reverses {
        let id = world.identifiers.at(waiting.at);
        let values = [("original_id", Cell::Uuid(original)), ("reversal_id", Cell::Uuid(source)), ("created_at", Cell::Moment(waiting.at))];
        world.records.push(Record::new(Table::TransactionReversals, id, made, values));
    }
    match waiting.said {
        Said::Nothing => {}
        Said::Approve(decider) => {
            let at = soon_after(world, waiting.at);
            let decision =
                Decision { transaction: source, account: waiting.account, word: "approve", rule: "approval 1 of 2", reason: None };
            ledger::decide(world, decision, decider, at);
        }
        Said::Ask(asker, question) => ask(world, &waiting, source, asker, question),
    }
}

/// One row, its amount with a sign, and its hold: nothing of the demonstration expires by itself.
fn leg(world: &mut World, waiting: &Waiting, (account, sign): (usize, i64), number: &str, made: &Origin) -> Uuid {
    let id = world.identifiers.at(waiting.at);
    let maker = Cell::Uuid(world.people[waiting.maker].id);
    let typed = waiting.edited.map_or(waiting.amount, |(typed, _)| typed);
    let mut record = Record::new(
        Table::Transactions,
        id,
        made.clone(),
        [
            ("account_id", Cell::Uuid(world.accounts[account].id)),
            ("transaction_type", Cell::from(waiting.kind)),
            ("amount", Cell::Money(typed * sign)),
            ("description", Cell::from(waiting.description.clone())),
            ("reference_number", Cell::from(number)),
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

    let midnight = calendar::at(world.today, 0, 0) - TimeDelta::seconds(1);
    let hold = world.identifiers.at(midnight);
    let values = [("transaction_id", Cell::Uuid(id)), ("held_since", Cell::Moment(midnight))];
    world.records.push(Record::new(Table::ExpiryHolds, hold, Origin::job("demo", midnight), values));
    id
}

/// The question, and the notification that says so to the maker.
fn ask(world: &mut World, waiting: &Waiting, transaction: Uuid, asker: usize, question: &'static str) {
    let at = soon_after(world, waiting.at);
    let origin = world.request(asker, at);
    let values = [
        ("transaction_id", Cell::Uuid(transaction)),
        ("asked_by", Cell::Uuid(world.people[asker].id)),
        ("question", Cell::from(question)),
        ("asked_at", Cell::Moment(at)),
    ];
    let id = world.identifiers.at(at);
    world.records.push(Record::new(Table::TransactionQuestions, id, origin.clone(), values));
    let message = [
        STAFF[asker].full_name,
        " asks: ",
        question,
        "\nAnswer or edit it: until then nobody can approve it.\n/approvals/",
        &transaction.to_string(),
    ];
    let values = [
        ("user_id", Cell::Uuid(world.people[waiting.maker].id)),
        ("title", Cell::from("A question about your transaction")),
        ("message", Cell::Text(message.concat())),
        ("notification_type", Cell::from("warning")),
        ("is_read", Cell::Bool(false)),
        ("is_urgent", Cell::Bool(false)),
        ("expires_at", Cell::Null),
    ];
    let id = world.identifiers.at(at);
    world.records.push(Record::new(Table::Notifications, id, origin, values));
}

/// Within two hours, and before the day of the fill.
fn soon_after(world: &mut World, moment: DateTime<Utc>) -> DateTime<Utc> {
    moment + TimeDelta::minutes(world.chance.between(20, 110))
}
