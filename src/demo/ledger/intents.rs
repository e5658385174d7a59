//! What did people and the platform mean to move, day by day?

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::{PENDING, TRANSACTIONS, decided};
use crate::demo::{
    accounts::Kind,
    calendar::{self, day_of, last_day, months_until, payday, working_day_before},
    names::{PURCHASES, RECEIPTS, SUPPLIES},
    world::World,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// The platform's own jobs: wages, interest, fees.
    Platform,
    /// The account's owner, through the platform.
    Owner,
    /// Somebody in the console.
    Staff(usize),
}

#[derive(Debug, Clone)]
pub struct Intent {
    pub at: DateTime<Utc>,
    /// When it is posted, refused or withdrawn.
    pub done: DateTime<Utc>,
    pub account: usize,
    /// The other side of a transfer.
    pub target: Option<usize>,
    pub kind: &'static str,
    pub amount: i64,
    pub description: Option<String>,
    pub maker: Maker,
}

struct Plan<'a> {
    world: &'a mut World,
    intents: Vec<Intent>,
    /// A transfer counts twice.
    rows: usize,
}

/// As many as make 5,000 rows with those that are still pending.
pub fn plan(world: &mut World) -> Vec<Intent> {
    let wanted = TRANSACTIONS - PENDING;
    let mut plan = Plan { world, intents: Vec::with_capacity(wanted), rows: 0 };
    for month in months_until(plan.world.today) {
        for account in 0..plan.world.accounts.len() {
            plan.monthly(month, account);
        }
    }
    while plan.rows < wanted {
        plan.daily();
    }
    plan.intents
}

impl Plan<'_> {
    fn add(
        &mut self,
        (day, first_hour, last_hour): (NaiveDate, u32, u32),
        account: usize,
        kind: &'static str,
        dollars: i64,
        description: &str,
        maker: Maker,
    ) {
        let moment = calendar::between(&mut self.world.chance, day, first_hour, last_hour);
        let subject = &self.world.accounts[account];
        if day >= self.world.today || moment < subject.created + TimeDelta::hours(1) {
            return;
        }
        let amount = subject.currency.amount(dollars);
        let done = match maker {
            Maker::Staff(_) => decided(self.world, moment),
            Maker::Owner | Maker::Platform => moment + TimeDelta::milliseconds(self.world.chance.between(180, 4_900)),
        };
        let description = Some(description.to_owned());
        self.intents.push(Intent { at: moment, done, account, target: None, kind, amount, description, maker });
        self.rows += 1;
    }

    fn monthly(&mut self, month: NaiveDate, account: usize) {
        use chrono::Datelike;
        let subject = &self.world.accounts[account];
        let (kind, is_business) = (subject.kind, subject.is_business);
        let name = ["Wages ", &month.format("%B %Y").to_string()].concat();
        let closes_quarter = month.month().is_multiple_of(3);
        match (kind, is_business) {
            (Kind::Checking, false) => {
                let wages = 1_900_00 + (account as i64 * 7_331) % 4_100_00;
                self.add((payday(month), 5, 7), account, "deposit", wages, &name, Maker::Platform);
                if account.is_multiple_of(2) {
                    let rent = "Rent, standing order";
                    self.add((working_day_before(day_of(month, 3)), 5, 7), account, "payment", wages / 3, rent, Maker::Owner);
                }
                if closes_quarter {
                    self.add((last_day(month), 22, 23), account, "fee", 8_70, "Account fee for the quarter", Maker::Platform);
                }
            }
            (Kind::Checking, true) => {
                let payroll = 9_000_00 + (account as i64 * 9_973) % 31_000_00;
                let wages = [&name, ", ", &(3 + account % 36).to_string(), " employees"].concat();
                self.add((payday(month), 6, 8), account, "payment", payroll, &wages, Maker::Owner);
                let receipt = *self.world.chance.pick(&RECEIPTS);
                let takings = payroll + self.world.chance.between(1_000_00, 24_000_00);
                self.add((working_day_before(day_of(month, 12)), 8, 16), account, "deposit", takings, receipt, Maker::Platform);
                if closes_quarter {
                    self.add((last_day(month), 22, 23), account, "fee", 14_50, "Account fee for the quarter", Maker::Platform);
                }
            }
            (Kind::Savings, _) => {
                if closes_quarter {
                    let interest = self.world.chance.between(4_10, 310_00);
                    self.add((last_day(month), 23, 24), account, "interest", interest, "Credit interest for the quarter", Maker::Platform);
                }
                self.save(month, account);
            }
            (Kind::Investment, _) => {
                if closes_quarter {
                    let dividend = self.world.chance.between(40_00, 1_900_00);
                    self.add((last_day(month), 19, 21), account, "interest", dividend, "Dividend distribution", Maker::Platform);
                }
            }
            (Kind::Credit, _) => {
                let settled = self.world.chance.between(90_00, 720_00);
                let words = "Settlement of card balance";
                self.add((working_day_before(day_of(month, 8)), 5, 6), account, "deposit", settled, words, Maker::Platform);
            }
            (Kind::Loan, _) => {
                let rate = 410_00 + (account as i64 * 3_571) % 1_700_00;
                self.add((working_day_before(day_of(month, 2)), 5, 6), account, "deposit", rate, "Instalment", Maker::Platform);
            }
        }
    }

    /// After payday something goes from the same owner's everyday account into savings.
    fn save(&mut self, month: NaiveDate, target: usize) {
        let saver = &self.world.accounts[target];
        let source = self
            .world
            .accounts
            .iter()
            .position(|account| account.owner == saver.owner && account.kind == Kind::Checking && account.currency == saver.currency);
        let day = payday(month) + Days::new(2);
        let moment = calendar::between(&mut self.world.chance, day, 6, 9);
        let Some(source) = source else { return };
        let (saver, from) = (&self.world.accounts[target], &self.world.accounts[source]);
        if target % 4 == 3 || day >= self.world.today || moment < saver.created.max(from.created) + TimeDelta::hours(1) {
            return;
        }
        let dollars =
            if saver.is_business { self.world.chance.between(800_00, 6_000_00) } else { self.world.chance.between(50_00, 600_00) };
        self.intents.push(Intent {
            at: moment,
            done: moment + TimeDelta::milliseconds(850),
            account: source,
            target: Some(target),
            kind: "transfer",
            amount: self.world.accounts[source].currency.amount(dollars / 100 * 100),
            description: Some("Standing order, savings".to_owned()),
            maker: Maker::Owner,
        });
        self.rows += 2;
    }

    /// One more of what has no fixed day: shopping, mostly on Fridays and Saturdays; business on working days.
    fn daily(&mut self) {
        use chrono::{Datelike, Weekday};
        let span = (self.world.today - self.world.start).num_days();
        let day = self.world.start + TimeDelta::days(self.world.chance.between(0, span - 1));
        let last = self.world.accounts.len() as i64 - 1;
        let account = usize::try_from(self.world.chance.between(0, last)).unwrap_or(0);
        let subject = &self.world.accounts[account];
        let (kind, is_business) = (subject.kind, subject.is_business);
        let weekend = calendar::is_weekend(day);
        match (kind, is_business) {
            (Kind::Checking, false) | (Kind::Credit, _) => {
                let busy = matches!(day.weekday(), Weekday::Fri | Weekday::Sat);
                if !busy && day.weekday() != Weekday::Sun && self.world.chance.happens(35)
                    || day.weekday() == Weekday::Sun && self.world.chance.happens(60)
                {
                    return;
                }
                if self.world.chance.happens(12) && kind == Kind::Checking {
                    let cash = self.world.chance.between(2, 40) * 10_00;
                    return self.add((day, 9, 22), account, "withdrawal", cash, "Cash machine, branch Marktplatz", Maker::Owner);
                }
                let dollars = if self.world.chance.happens(80) {
                    self.world.chance.between(2_40, 96_00)
                } else {
                    self.world.chance.between(96_00, 640_00)
                };
                let shop = *self.world.chance.pick(&PURCHASES);
                self.add((day, 8, 23), account, "payment", dollars, shop, Maker::Owner);
            }
            (Kind::Checking, true) if !weekend => self.business(day, account),
            (Kind::Investment, _) if !weekend => {
                let dollars = self.world.chance.between(500_00, 18_000_00);
                let (kind, words) = if self.world.chance.happens(60) {
                    ("deposit", "Subscription of fund units")
                } else {
                    ("withdrawal", "Partial redemption, instruction by letter")
                };
                let maker = self.staff_or_owner(day);
                self.add((day, 8, 16), account, kind, dollars, words, maker);
            }
            (Kind::Savings, _) if !weekend && self.world.chance.happens(40) => {
                let dollars = self.world.chance.between(100_00, 2_500_00);
                self.add((day, 8, 20), account, "withdrawal", dollars, "Withdrawal to external account", Maker::Owner);
            }
            (Kind::Loan, _) if !weekend && self.world.chance.happens(10) => {
                self.add((day, 9, 15), account, "fee", 45_00, "Reminder, instalment late", Maker::Platform);
            }
            (Kind::Checking, true) | (Kind::Investment | Kind::Savings | Kind::Loan, _) => {}
        }
    }

    fn business(&mut self, day: NaiveDate, account: usize) {
        let maker = self.staff_or_owner(day);
        if self.world.chance.happens(45) {
            let receipt = *self.world.chance.pick(&RECEIPTS);
            let dollars = self.world.chance.between(180_00, 22_000_00);
            let maker = if maker == Maker::Owner { Maker::Platform } else { maker };
            self.add((day, 8, 16), account, "deposit", dollars, receipt, maker);
        } else {
            let supply = *self.world.chance.pick(&SUPPLIES);
            let dollars = if self.world.chance.happens(85) {
                self.world.chance.between(90_00, 7_800_00)
            } else {
                self.world.chance.between(7_800_00, 46_000_00)
            };
            self.add((day, 8, 16), account, "payment", dollars, supply, maker);
        }
    }

    fn staff_or_owner(&mut self, day: NaiveDate) -> Maker {
        let makers = ["manager", "manager2", "dario.benedetti", "margit.halvorsen", "oskar.lindqvist", "kwame.asante"];
        let name = *self.world.chance.pick(&makers);
        let left = name == "oskar.lindqvist" && (self.world.today - day).num_days() < 80;
        if left || self.world.chance.happens(45) { Maker::Owner } else { Maker::Staff(self.world.find(name)) }
    }
}
