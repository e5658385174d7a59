//! What moved in 18 months: which transactions were posted, failed or cancelled, by whom?

mod intents;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    accounts::Kind,
    calendar::{self, at},
    cell::Cell,
    journal::Record,
    origin::Origin,
    table::Table,
    world::World,
};
pub use intents::{Intent, Maker};

/// With the pending ones, 5,000.
pub const TRANSACTIONS: usize = 5_000;
pub const PENDING: usize = 80;

/// From this amount on, in hundredths of any currency, two people decide: the rule the console begins with.
pub const TWO_DECIDE_FROM: i64 = 10_000_00;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Completed,
    Failed,
    Rejected,
    Withdrawn,
}

/// What a transaction's amount adds to a balance.
pub fn effect(kind: &str, amount: i64) -> i64 {
    match kind {
        "withdrawal" | "payment" | "fee" => -amount,
        _ => amount,
    }
}

pub fn post(world: &mut World) {
    let mut intents = intents::plan(world);
    // Balances move when a transaction is done, not when it is asked for.
    intents.sort_by_key(|intent| intent.done);
    for (place, intent) in intents.into_iter().enumerate() {
        let number = reference(intent.kind, intent.at, place);
        match intent.target {
            Some(target) => transfer(world, &intent, target, &number),
            None => single(world, intent, number),
        }
    }
}

pub fn reference(kind: &str, moment: DateTime<Utc>, place: usize) -> String {
    let prefix = match kind {
        "deposit" => "DEP-",
        "withdrawal" => "WDL-",
        "transfer" => "TRF-",
        "fee" => "FEE-",
        "interest" => "INT-",
        _ => "PAY-",
    };
    [prefix, &moment.year().to_string(), "-", &(104_218 + place * 3).to_string()].concat()
}

fn transfer(world: &mut World, intent: &Intent, target: usize, number: &str) {
    let affordable = world.accounts[intent.account].balance / 3;
    let amount = if intent.amount <= affordable { intent.amount } else { whole(world, intent.account, affordable) };
    let fate = if amount > 0 { Fate::Completed } else { Fate::Failed };
    let amount = if amount > 0 { amount } else { intent.amount };
    let by = Some(world.people[world.accounts[intent.account].owner].id);
    let [source, target] = [(intent.account, -amount), (target, amount)].map(|(account, signed)| {
        let leg = Intent { account, target: None, ..intent.clone() };
        write(world, &leg, signed, fate, number, by, World::platform(intent.done))
    });
    link(world, source, target, World::platform(intent.done));
}

/// Says that two transactions are the legs of one transfer.
pub fn link(world: &mut World, source: Uuid, target: Uuid, origin: Origin) {
    let id = world.identifiers.at(origin.at);
    let legs = [("source_id", Cell::Uuid(source)), ("target_id", Cell::Uuid(target)), ("created_at", Cell::Moment(origin.at))];
    world.records.push(Record::new(Table::TransactionTransfers, id, origin, legs));
}

/// JPY has no decimals.
fn whole(world: &World, account: usize, amount: i64) -> i64 {
    match world.accounts[account].currency {
        super::names::Currency::Yen => amount / 100 * 100,
        super::names::Currency::Dollar | super::names::Currency::Euro => amount,
    }
}

fn single(world: &mut World, mut intent: Intent, number: String) {
    let account = &world.accounts[intent.account];
    let floor = -account.currency.amount(account.kind.limit());
    let left = account.balance - floor;
    if account.kind == Kind::Credit && intent.kind == "deposit" {
        // Nobody pays back more than they owe.
        let owed = (-account.balance).max(account.currency.amount(20_00)) * 2 / 3;
        intent.amount = intent.amount.min(whole(world, intent.account, owed));
    }
    let takes = effect(intent.kind, intent.amount) < 0;
    let mut fate = if world.chance.between(1, 1_000) <= 22 { Fate::Failed } else { Fate::Completed };
    if takes && intent.amount > left {
        let less = whole(world, intent.account, left / 4);
        // Most people know what they have.
        if less >= world.accounts[intent.account].currency.amount(3_00) && world.chance.happens(85) {
            intent.amount = less;
        } else {
            fate = Fate::Failed;
        }
    }
    match intent.maker {
        Maker::Staff(maker) => by_staff(world, &intent, maker, fate, &number),
        Maker::Owner => {
            let by = Some(world.people[world.accounts[intent.account].owner].id);
            let origin = World::platform(intent.done);
            write(world, &intent, intent.amount, fate, &number, by, origin);
        }
        Maker::Platform => {
            let origin = World::platform(intent.done);
            write(world, &intent, intent.amount, fate, &number, None, origin);
        }
    }
}

fn values(world: &World, intent: &Intent, amount: i64, number: &str, status: &'static str) -> [(&'static str, Cell); 7] {
    [
        ("account_id", Cell::Uuid(world.accounts[intent.account].id)),
        ("transaction_type", Cell::from(intent.kind)),
        ("amount", Cell::Money(amount)),
        ("description", Cell::from(intent.description.clone())),
        ("reference_number", Cell::from(number)),
        ("status", Cell::from(status)),
        ("transaction_date", Cell::Moment(intent.at)),
    ]
}

/// The platform writes a transaction when it is done, and moves the balance with it.
fn write(world: &mut World, intent: &Intent, amount: i64, fate: Fate, number: &str, by: Option<Uuid>, origin: Origin) -> Uuid {
    let id = world.identifiers.at(origin.at);
    let status = if fate == Fate::Completed { "completed" } else { "failed" };
    let stamps = [("processed_at", Cell::Moment(origin.at)), ("created_by", Cell::from(by)), ("updated_by", Cell::from(by))];
    let all = values(world, intent, amount, number, status).into_iter().chain(stamps);
    world.records.push(Record::new(Table::Transactions, id, origin.clone(), all));
    if fate == Fate::Completed {
        move_balance(world, intent.account, effect(intent.kind, amount), origin);
    }
    id
}

fn move_balance(world: &mut World, account: usize, by: i64, origin: Origin) {
    let account = &mut world.accounts[account];
    account.balance += by;
    account.record.change(origin, [("balance", Cell::Money(account.balance))]);
}

/// Staff make a transaction in the console, and others decide on it.
fn by_staff(world: &mut World, intent: &Intent, maker: usize, fate: Fate, number: &str) {
    let fate = match world.chance.between(1, 100) {
        1..=11 => Fate::Rejected,
        12..=19 => Fate::Withdrawn,
        // The console never fails one: only what the platform processes can fail.
        _ if fate == Fate::Failed => Fate::Rejected,
        _ => fate,
    };
    let made = world.request(maker, intent.at);
    let id = world.identifiers.at(intent.at);
    let mut record = Record::new(Table::Transactions, id, made, values(world, intent, intent.amount, number, "pending"));

    let needs_two = intent.amount >= TWO_DECIDE_FROM;
    match fate {
        Fate::Completed => {
            let mut decided = vec![maker];
            if needs_two {
                let first = world.decider(&decided, intent.at);
                let earlier = intent.at + (intent.done - intent.at) / 2;
                decide(
                    world,
                    Decision { transaction: id, account: intent.account, word: "approve", rule: "approval 1 of 2", reason: None },
                    first,
                    earlier,
                );
                decided.push(first);
            }
            let last = world.decider(&decided, intent.at);
            let rule = if needs_two { "approval 2 of 2" } else { "approval 1 of 1" };
            let origin = decide(
                world,
                Decision { transaction: id, account: intent.account, word: "approve", rule, reason: None },
                last,
                intent.done,
            );
            record.change(origin.clone(), [("status", Cell::from("completed")), ("processed_at", Cell::Moment(intent.done))]);
            move_balance(world, intent.account, effect(intent.kind, intent.amount), origin);
        }
        Fate::Rejected | Fate::Failed => {
            let reason = *world.chance.pick(&REJECTED);
            let decider = world.decider(&[maker], intent.at);
            let decision = Decision {
                transaction: id,
                account: intent.account,
                word: "reject",
                rule: "one rejection is enough",
                reason: Some(reason),
            };
            let origin = decide(world, decision, decider, intent.done);
            record.change(origin, [("status", Cell::from("cancelled"))]);
        }
        Fate::Withdrawn => {
            let reason = *world.chance.pick(&WITHDRAWN);
            let rule = "withdrawn by its maker";
            let decision = Decision { transaction: id, account: intent.account, word: "withdraw", rule, reason: Some(reason) };
            let origin = decide(world, decision, maker, intent.done);
            record.change(origin, [("status", Cell::from("cancelled"))]);
        }
    }
    world.records.push(record);
}

pub struct Decision {
    pub transaction: Uuid,
    pub account: usize,
    pub word: &'static str,
    /// An approval's goes on with the rule's version once that is known.
    pub rule: &'static str,
    pub reason: Option<&'static str>,
}

/// Records a decision as the door does, and gives the origin what it changes is recorded with.
pub fn decide(world: &mut World, decision: Decision, decider: usize, moment: DateTime<Utc>) -> Origin {
    let id = world.identifiers.at(moment);
    let origin = Origin { approval: Some(id), reason: decision.reason.map(str::to_owned), ..world.request(decider, moment) };
    let record = Record::new(
        Table::TransactionApprovals,
        id,
        origin.clone(),
        [
            ("transaction_id", Cell::Uuid(decision.transaction)),
            ("decider", Cell::Uuid(world.people[decider].id)),
            ("decision", Cell::from(decision.word)),
            ("reason", Cell::from(decision.reason)),
            ("balance_seen", Cell::Money(world.accounts[decision.account].balance)),
            ("decided_at", Cell::Moment(moment)),
            ("rule_applied", Cell::from(decision.rule)),
        ],
    );
    world.records.push(record);
    origin
}

const REJECTED: [&str; 6] = [
    "The invoice is made out to another company.",
    "Already paid on the 3rd, see the earlier entry with the same amount.",
    "Amount and order do not match: the order says 1,840.00.",
    "No signature of the second trustee.",
    "The beneficiary's account number has changed; call back first.",
    "Betrag stimmt nicht mit der Rechnung überein.",
];

const WITHDRAWN: [&str; 4] = [
    "Entered twice.",
    "Wrong account, entered again on the right one.",
    "The customer changed their mind.",
    "Typed 5 for 6 in the amount.",
];

/// When staff's transaction is decided: within two days, in office hours, and before the fill's own day.
pub fn decided(world: &mut World, made: DateTime<Utc>) -> DateTime<Utc> {
    let later = made + TimeDelta::minutes(world.chance.between(9, 1_900));
    let done = calendar::next_in_office(&mut world.chance, later);
    let midnight = at(world.today, 0, 0);
    if done < midnight { done } else { made + (midnight - made) / 2 }
}
