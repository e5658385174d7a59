//! Does the door answer a thousand random stories as the rules say it should?

mod ending;

use std::collections::BTreeMap;

use tokio_postgres::Client;
use uuid::Uuid;

use super::{
    hall::{Hall, attempt, digest, in_order},
    model::{Account, Change, Leg, Look, Model, Person, RULES, Role, Status, Verdict},
};

const SEQUENCES: u64 = 1_000;
const STEPS: usize = 20;
const TABLES: u64 = 4;
/// The first sequence's; the others count on from it. A failure names its own.
const SEED: u64 = 20_261_124;

/// Numbers that look random and come again with the same seed: splitmix64.
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(most).expect("small")).expect("small")
    }

    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

type Tally = BTreeMap<(&'static str, &'static str), usize>;

/// One worker's database and its people, who stay from story to story.
struct Table {
    owner: Client,
    console: Client,
    people: Vec<Person>,
    tally: Tally,
}

struct Story<'a> {
    table: &'a mut Table,
    model: Model,
    looks: Vec<Vec<(String, Look)>>,
    dice: Dice,
    seed: u64,
    told: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_random_stories_go_as_the_model_says() {
    let mut tables = Vec::new();
    for number in 0..TABLES {
        tables.push(tokio::spawn(async move {
            let hall = Hall::with_managers(3).await;
            let person = |id: Uuid, role| Person { id, role, active: true };
            let mut people = vec![person(hall.user, Role::Other), person(hall.admin, Role::Admin)];
            people.extend(hall.managers.iter().map(|id| person(*id, Role::Manager)));
            let console = hall.database.as_application().await;
            let mut table = Table { owner: hall.owner, console, people, tally: Tally::new() };
            let mut stories = 0;
            for seed in (SEED + number..SEED + SEQUENCES).step_by(usize::try_from(TABLES).expect("few")) {
                Story::begin(&mut table, seed).await.tell().await;
                stories += 1;
            }
            in_order(&table.owner).await;
            (stories, table.tally)
        }));
    }
    let (mut told, mut tally) = (0, Tally::new());
    for table in tables {
        let (stories, counted) = table.await.expect("every story went as it should");
        told += stories;
        counted.into_iter().for_each(|(what, times)| *tally.entry(what).or_default() += times);
    }
    assert_eq!(told, SEQUENCES);
    // A story in which nothing happens proves nothing: every deed was done, and every refusal met, often.
    for deed in
        ["create", "transfer", "edit", "approve", "reject", "ask", "answer", "withdraw", "expire", "reverse", "dismiss", "rule", "limit"]
    {
        assert!(tally.get(&(deed, "ok")).is_some_and(|times| *times >= 50), "{deed}: {tally:?}");
    }
    for code in [
        "NX002", "NX003", "NX007", "NX009", "NX013", "NX014", "NX015", "NX016", "NX017", "NX018", "NX019", "NX020", "NX021", "NX023",
        "NX025", "NX026",
    ] {
        assert!(tally.iter().any(|((_, answer), times)| *answer == code && *times >= 3), "{code}: {tally:?}");
    }
}

impl Story<'_> {
    async fn begin(table: &mut Table, seed: u64) -> Story<'_> {
        let mut accounts = Vec::new();
        for (kind, currency, balance, floored) in
            [("checking", "USD", 500, true), ("credit", "USD", 0, false), ("savings", "USD", 20_000, true), ("checking", "EUR", 100, true)]
        {
            let id = Uuid::now_v7();
            let statement = format!(
                "INSERT INTO accounts (id, user_id, account_name, account_type, account_number, balance, currency)
                 VALUES ('{id}', '{}', 'Account', '{kind}', '{id}', {balance}, '{currency}')",
                table.people[0].id
            );
            table.owner.batch_execute(&statement).await.expect("an account");
            accounts.push(Account { id, floored, currency, active: true, balance, limit: None });
        }
        let model = Model { people: table.people.clone(), accounts, items: Vec::new(), rule: 0 };
        Story { table, model, looks: Vec::new(), dice: Dice(seed), seed, told: Vec::new() }
    }

    async fn tell(mut self) {
        for _ in 0..STEPS {
            self.step().await;
        }
        self.end().await;
    }

    /// Does it, and compares what was answered with what should have been.
    async fn does(&mut self, deed: &'static str, actor: Option<usize>, statement: &str, expected: Verdict) -> Option<String> {
        let actor = actor.map_or("system:expiry".to_owned(), |person| format!("user:{}", self.model.people[person].id));
        let said = attempt(&self.table.console, &actor, statement).await;
        self.told.push(format!("{deed} as {actor}: {statement} -> {said:?}, expected {expected:?}"));
        let answered = said.as_ref().map(|_| ()).map_err(String::as_str);
        assert_eq!(answered, expected, "seed {}:\n{}", self.seed, self.told.join("\n"));
        *self.table.tally.entry((deed, expected.err().unwrap_or("ok"))).or_default() += 1;
        said.ok().flatten()
    }

    fn leg(&mut self, item: usize) -> usize {
        self.dice.below(self.model.items[item].legs.len())
    }

    fn id(&mut self, item: usize) -> Uuid {
        let leg = self.leg(item);
        self.model.items[item].legs[leg].id
    }

    /// What somebody saw of it: mostly now, sometimes a while ago.
    async fn seen(&mut self, item: usize) -> (String, Look) {
        if !self.looks[item].is_empty() && self.dice.one_in(5) {
            let earlier = self.dice.below(self.looks[item].len());
            return self.looks[item][earlier].clone();
        }
        let look = (digest(&self.table.owner, self.model.items[item].legs[0].id).await, self.model.look(item));
        self.looks[item].push(look.clone());
        look
    }

    async fn step(&mut self) {
        let person = self.dice.below(self.model.people.len());
        let items = self.model.items.len();
        let what = self.dice.below(100);
        if items == 0 || what < 14 {
            return if self.dice.one_in(3) { self.transfer(person).await } else { self.create(person).await };
        }
        // Something recent, mostly: what is over is of less interest.
        let item = if self.dice.one_in(3) { self.dice.below(items) } else { items - 1 - self.dice.below(items.min(2)) };
        match what {
            14..52 => self.approve(person, item).await,
            52..57 => self.reject(person, item).await,
            57..63 => self.ask(person, item).await,
            63..69 => self.answer(person, item).await,
            69..77 => self.edit(person, item).await,
            77..80 => self.withdraw(person, item).await,
            80..84 => self.expire(item).await,
            84..89 => self.reverse(person, item).await,
            89..94 => self.dismiss(person).await,
            94..96 => self.rule(person).await,
            96..98 => self.limit(person).await,
            _ => self.toggle().await,
        }
    }

    async fn create(&mut self, person: usize) {
        let maker = if self.dice.one_in(15) { None } else { Some(person) };
        let account = self.dice.below(self.model.accounts.len());
        let kind = self.dice.of(&["deposit", "interest", "withdrawal", "payment", "fee"]);
        let amount = self.dice.of(&[5, 60, 300, 2_000, 10_000]);
        let id = Uuid::now_v7();
        let statement = format!(
            "INSERT INTO transactions (id, account_id, transaction_type, amount) VALUES ('{id}', '{}', '{kind}', {amount})",
            self.model.accounts[account].id
        );
        self.does("create", maker, &statement, Ok(())).await;
        self.model.create(maker, vec![Leg { id, account, kind, amount, description: u8::MAX, editor: maker }]);
        self.looks.push(Vec::new());
    }

    async fn transfer(&mut self, person: usize) {
        let (source, target) = (self.dice.of(&[0, 1, 1, 2, 3]), self.dice.of(&[0, 0, 1, 2, 2]));
        let amount = self.dice.of(&[7, 250, 1_500, 12_000]);
        let id = Uuid::now_v7();
        let (from, to) = (self.model.accounts[source].id, self.model.accounts[target].id);
        let statement = format!("SELECT nexus_transfer('{id}', '{from}', '{to}', {amount}, NULL, NULL)");
        let expected = self.model.expect_transfer(source, target);
        if let Some(counter) = self.does("transfer", Some(person), &statement, expected).await {
            self.made(person, vec![(source, "transfer", -amount), (target, "transfer", amount)], [id, counter.parse().expect("a uuid")]);
        }
    }

    fn made(&mut self, maker: usize, legs: Vec<(usize, &'static str, i64)>, ids: [Uuid; 2]) -> usize {
        let leg = |((account, kind, amount), id)| Leg { id, account, kind, amount, description: u8::MAX, editor: Some(maker) };
        self.looks.push(Vec::new());
        self.model.create(Some(maker), legs.into_iter().zip(ids).map(leg).collect())
    }

    async fn approve(&mut self, person: usize, item: usize) {
        let (seen, look) = self.seen(item).await;
        let statement = super::hall::approve(self.id(item), &seen);
        let expected = self.model.approve(person, item, &look);
        self.does("approve", Some(person), &statement, expected).await;
    }

    async fn reject(&mut self, person: usize, item: usize) {
        let (seen, look) = self.seen(item).await;
        let statement = super::hall::reject(self.id(item), &seen);
        let expected = self.model.reject(person, item, &look);
        self.does("reject", Some(person), &statement, expected).await;
    }

    async fn ask(&mut self, person: usize, item: usize) {
        let (seen, look) = self.seen(item).await;
        let statement = format!("SELECT nexus_ask('{}', 'why?', '{seen}')", self.id(item));
        let expected = self.model.ask(person, item, &look);
        self.does("ask", Some(person), &statement, expected).await;
    }

    async fn answer(&mut self, person: usize, item: usize) {
        let item = self.model.items.iter().position(|item| item.asked).unwrap_or(item);
        let person = if self.dice.one_in(2) { self.model.items[item].maker.unwrap_or(person) } else { person };
        let statement = format!("SELECT nexus_answer('{}', 'because')", self.id(item));
        let expected = self.model.answer(person, item);
        self.does("answer", Some(person), &statement, expected).await;
    }

    async fn edit(&mut self, person: usize, item: usize) {
        let editor = if self.dice.one_in(10) { None } else { Some(person) };
        let leg = self.leg(item);
        let (change, set) = match self.dice.below(3) {
            0 => {
                let words = u8::try_from(self.dice.below(3)).expect("few");
                (Change::Description(words), format!("description = 'description {words}'"))
            }
            1 => {
                let amount = self.dice.of(&[5, 61, 1_000, 10_000]);
                (Change::Amount(amount), format!("amount = {amount}"))
            }
            _ => {
                let account = self.dice.below(self.model.accounts.len());
                (Change::Account(account), format!("account_id = '{}'", self.model.accounts[account].id))
            }
        };
        let statement = format!("UPDATE transactions SET {set} WHERE id = '{}'", self.model.items[item].legs[leg].id);
        let expected = self.model.edit(editor, item, leg, &change);
        self.does("edit", editor, &statement, expected).await;
    }

    async fn withdraw(&mut self, person: usize, item: usize) {
        let person = if self.dice.one_in(2) { self.model.items[item].maker.unwrap_or(person) } else { person };
        let statement = format!("SELECT nexus_decide('{}', 'withdraw', 'mine', NULL)", self.id(item));
        let expected = self.model.withdraw(person, item);
        self.does("withdraw", Some(person), &statement, expected).await;
    }

    async fn expire(&mut self, item: usize) {
        if self.model.items[item].status == Status::Pending && self.dice.one_in(2) {
            let leg = self.id(item);
            let long_ago = "UPDATE transactions SET created_at = now() - interval '40 days' WHERE id = $1";
            self.table.owner.execute(long_ago, &[&leg]).await.expect("the platform may");
            self.told.push(format!("{leg} was made long ago"));
            self.model.items[item].aged = true;
            self.model.items[item].asked = false;
            return;
        }
        self.expire_now(item).await;
    }

    async fn reverse(&mut self, person: usize, item: usize) {
        let item = self.model.items.iter().rposition(|item| item.status == Status::Completed).unwrap_or(item);
        let id = Uuid::now_v7();
        let statement = format!(
            "SELECT nexus_reverse('{id}', '{}', 'a mistake'); SELECT target_id FROM transaction_transfers WHERE source_id = '{id}'",
            self.id(item)
        );
        let legs = self.model.reversal(item);
        if let Some(last) = self.does("reverse", Some(person), &statement, legs.as_ref().map(|_| ()).map_err(|code| *code)).await {
            let made = self.made(person, legs.expect("just accepted"), [id, last.parse().expect("a uuid")]);
            self.model.items[item].reversals.push(made);
        }
    }

    async fn dismiss(&mut self, person: usize) {
        let active = self.dice.one_in(3);
        let (role, name) =
            self.dice.of(&[(Role::Manager, "manager"), (Role::Manager, "manager"), (Role::Other, "viewer"), (Role::Admin, "admin")]);
        let id = self.model.people[person].id;
        let statement = format!("UPDATE users SET is_active = {active}, role = '{name}' WHERE id = '{id}'");
        let expected = self.model.dismiss(person, role, active);
        self.does("dismiss", Some(1), &statement, expected).await;
    }

    fn is_admin(&self, person: usize) -> bool {
        self.model.people[person].active && self.model.people[person].role == Role::Admin
    }

    async fn rule(&mut self, person: usize) {
        let person = if self.dice.one_in(4) { person } else { 1 };
        let rule = self.dice.below(RULES.len());
        let expected = if self.is_admin(person) { self.model.set_rule(rule) } else { Err("NX026") };
        self.does("rule", Some(person), &rule_statement(rule), expected).await;
    }

    async fn limit(&mut self, person: usize) {
        let person = if self.dice.one_in(4) { person } else { 1 };
        let lowest = self.dice.of(&[-100, -5_000, 0]);
        let account = self.model.accounts[1].id;
        let statement = format!(
            "INSERT INTO account_limits (account_id, lowest_balance) VALUES ('{account}', {lowest})
             ON CONFLICT (account_id) DO UPDATE SET lowest_balance = excluded.lowest_balance"
        );
        let expected = if self.is_admin(person) { Ok(()) } else { Err("NX026") };
        if expected.is_ok() {
            self.model.accounts[1].limit = Some(lowest);
        }
        self.does("limit", Some(person), &statement, expected).await;
    }

    async fn toggle(&mut self) {
        let account = self.dice.below(self.model.accounts.len());
        let active = self.dice.one_in(2);
        self.model.accounts[account].active = active;
        let statement = format!("UPDATE accounts SET is_active = {active} WHERE id = '{}'", self.model.accounts[account].id);
        self.does("account", Some(1), &statement, Ok(())).await;
    }
}

fn rule_statement(rule: usize) -> String {
    format!(
        "INSERT INTO system_settings (setting_key, setting_value, setting_type) VALUES ('approval_tiers', '{}', 'json')
         ON CONFLICT (setting_key) DO UPDATE SET setting_value = excluded.setting_value",
        RULES[rule].0
    )
}
