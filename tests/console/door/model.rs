//! What should the door answer, worked out without a database?

use std::collections::BTreeSet;

use uuid::Uuid;

pub type Verdict = Result<(), &'static str>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Admin,
    Manager,
    Other,
}

#[derive(Debug, Clone)]
pub struct Person {
    pub id: Uuid,
    pub role: Role,
    pub active: bool,
}

impl Person {
    fn decides(&self) -> bool {
        self.active && self.role != Role::Other
    }
}

#[derive(Debug, Clone)]
pub struct Account {
    pub id: Uuid,
    pub floored: bool,
    pub currency: &'static str,
    pub active: bool,
    pub balance: i64,
    pub limit: Option<i64>,
}

impl Account {
    fn lowest(&self) -> Option<i64> {
        if self.floored { Some(0) } else { self.limit }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    pub id: Uuid,
    pub account: usize,
    pub kind: &'static str,
    pub amount: i64,
    pub description: u8,
    pub editor: Option<usize>,
}

impl Leg {
    fn effect(&self) -> i64 {
        if matches!(self.kind, "withdrawal" | "payment" | "fee") { -self.amount } else { self.amount }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Pending,
    Completed,
    /// By whose rejection, or by a withdrawal.
    Cancelled(Option<usize>),
    Expired,
}

/// What somebody had in front of them: the rule, and each leg with whether its account was active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look(usize, Vec<(Leg, bool)>);

/// What is decided together.
#[derive(Debug, Clone)]
pub struct Item {
    /// The source of a transfer first.
    pub legs: Vec<Leg>,
    pub maker: Option<usize>,
    pub status: Status,
    pub aged: bool,
    pub asked: bool,
    pub approvals: Vec<(usize, Look)>,
    pub reversals: Vec<usize>,
}

/// How many approve from which amount on; the second is stricter than the first.
pub const RULES: [(&str, &[(i64, usize)]); 2] = [
    (r#"{"*": [{"from": "0.00", "approvers": 1}, {"from": "10000.00", "approvers": 2}]}"#, &[(0, 1), (10_000, 2)]),
    (
        r#"{"*": [{"from": "0", "approvers": 1}, {"from": "1000", "approvers": 2}, {"from": "10000", "approvers": 3}]}"#,
        &[(0, 1), (1_000, 2), (10_000, 3)],
    ),
];

pub struct Model {
    pub people: Vec<Person>,
    pub accounts: Vec<Account>,
    pub items: Vec<Item>,
    pub rule: usize,
}

impl Model {
    fn needed(rule: usize, item: &Item) -> usize {
        let amount = item.legs[0].amount.abs();
        RULES[rule].1.iter().filter(|(from, _)| *from <= amount).map(|(_, people)| *people).max().unwrap_or(0)
    }

    pub fn look(&self, item: usize) -> Look {
        let leg = |leg: &Leg| (leg.clone(), self.accounts[leg.account].active);
        Look(self.rule, self.items[item].legs.iter().map(leg).collect())
    }

    fn is_shut_out(item: &Item, person: usize) -> bool {
        item.maker == Some(person) || item.legs.iter().any(|leg| leg.editor == Some(person))
    }

    fn expect_decider(&self, person: usize, item: usize) -> Verdict {
        if !self.people[person].decides() || Self::is_shut_out(&self.items[item], person) {
            return Err("NX007");
        }
        Ok(())
    }

    fn expect_pending(&self, item: usize) -> Verdict {
        match self.items[item].status {
            Status::Pending => Ok(()),
            Status::Expired => Err("NX020"),
            Status::Completed | Status::Cancelled(_) => Err("NX003"),
        }
    }

    fn expect_sound(&self, item: usize) -> Verdict {
        let item = &self.items[item];
        if item.maker.is_none() {
            return Err("NX014");
        }
        let mut legs: Vec<&Leg> = item.legs.iter().collect();
        legs.sort_by_key(|leg| leg.id);
        for leg in legs {
            let account = &self.accounts[leg.account];
            if !account.active {
                return Err("NX016");
            }
            let after = account.balance + leg.effect();
            if leg.effect() < 0 && account.lowest().is_some_and(|lowest| after < lowest) {
                return Err("NX017");
            }
        }
        Ok(())
    }

    fn expect_decidable(&self, person: usize, item: usize, seen: &Look) -> Verdict {
        self.expect_decider(person, item)?;
        let now = self.look(item);
        let Item { status, approvals, aged, .. } = &self.items[item];
        let repeated = approvals.iter().any(|(who, look)| *who == person && (*look == now || *status != Status::Pending));
        if repeated || *status == Status::Cancelled(Some(person)) {
            return Err("NX018");
        }
        self.expect_pending(item)?;
        if *aged {
            return Err("NX020");
        }
        if *seen == now { Ok(()) } else { Err("NX015") }
    }

    pub fn approve(&mut self, person: usize, item: usize, seen: &Look) -> Verdict {
        self.expect_decidable(person, item, seen)?;
        if self.items[item].asked {
            return Err("NX021");
        }
        self.expect_sound(item)?;
        self.items[item].approvals.push((person, seen.clone()));
        let counted: BTreeSet<usize> = self.items[item]
            .approvals
            .iter()
            .filter(|(who, look)| look == seen && self.people[*who].decides() && !Self::is_shut_out(&self.items[item], *who))
            .map(|(who, _)| *who)
            .collect();
        if counted.len() >= Self::needed(self.rule, &self.items[item]) {
            self.items[item].status = Status::Completed;
            for leg in &self.items[item].legs {
                self.accounts[leg.account].balance += leg.effect();
            }
        }
        Ok(())
    }

    pub fn reject(&mut self, person: usize, item: usize, seen: &Look) -> Verdict {
        self.expect_decidable(person, item, seen)?;
        self.close(item, Status::Cancelled(Some(person)));
        Ok(())
    }

    fn close(&mut self, item: usize, status: Status) {
        self.items[item].status = status;
        self.items[item].asked = false;
    }

    pub fn ask(&mut self, person: usize, item: usize, seen: &Look) -> Verdict {
        self.expect_decider(person, item)?;
        self.expect_pending(item)?;
        if self.items[item].aged {
            return Err("NX020");
        }
        if *seen != self.look(item) {
            return Err("NX015");
        }
        if self.items[item].maker.is_none() {
            return Err("NX014");
        }
        if std::mem::replace(&mut self.items[item].asked, true) { Err("NX021") } else { Ok(()) }
    }

    pub fn answer(&mut self, person: usize, item: usize) -> Verdict {
        if !self.people[person].active || !Self::is_shut_out(&self.items[item], person) {
            return Err("NX007");
        }
        self.expect_pending(item)?;
        if std::mem::replace(&mut self.items[item].asked, false) { Ok(()) } else { Err("NX021") }
    }

    pub fn withdraw(&mut self, person: usize, item: usize) -> Verdict {
        if !self.people[person].active || self.items[item].maker != Some(person) {
            return Err("NX007");
        }
        self.expect_pending(item)?;
        self.close(item, Status::Cancelled(None));
        Ok(())
    }

    pub fn expire(&mut self, item: usize) -> Verdict {
        self.expect_pending(item)?;
        if !self.items[item].aged {
            return Err("NX009");
        }
        self.close(item, Status::Expired);
        Ok(())
    }

    pub fn create(&mut self, maker: Option<usize>, legs: Vec<Leg>) -> usize {
        let fresh = Item { legs, maker, status: Status::Pending, aged: false, asked: false, approvals: Vec::new(), reversals: Vec::new() };
        self.items.push(fresh);
        self.items.len() - 1
    }

    /// The editor; nobody where a job edits. `change` is made where it may be.
    pub fn edit(&mut self, editor: Option<usize>, item: usize, leg: usize, change: &Change) -> Verdict {
        if self.items[item].status != Status::Pending {
            return Err("NX003");
        }
        let takes_back = self.items.iter().any(|other| other.reversals.contains(&item));
        let leg = &mut self.items[item].legs[leg];
        let same = match change {
            Change::Description(_) => true,
            Change::Amount(amount) => leg.amount == *amount,
            Change::Account(account) => leg.account == *account,
        };
        if leg.kind == "transfer" && !same {
            return Err("NX025");
        }
        if takes_back && !same {
            return Err("NX023");
        }
        match change {
            Change::Description(words) => leg.description = *words,
            Change::Amount(amount) => leg.amount = *amount,
            Change::Account(account) => leg.account = *account,
        }
        leg.editor = editor.or(leg.editor);
        self.items[item].asked = false;
        Ok(())
    }

    pub fn expect_transfer(&self, source: usize, target: usize) -> Verdict {
        if source == target {
            return Err("NX019");
        }
        let mut pair = [&self.accounts[source], &self.accounts[target]];
        pair.sort_by_key(|account| account.id);
        if !pair[0].active || !pair[1].active {
            return Err("NX016");
        }
        if pair[0].currency == pair[1].currency { Ok(()) } else { Err("NX019") }
    }

    /// What would be made, as account, kind and amount of each leg.
    pub fn reversal(&self, item: usize) -> Result<Vec<(usize, &'static str, i64)>, &'static str> {
        let original = &self.items[item];
        let live = |reversal: &usize| matches!(self.items[*reversal].status, Status::Pending | Status::Completed);
        if original.status != Status::Completed || original.reversals.iter().any(live) {
            return Err("NX023");
        }
        match original.legs.as_slice() {
            [source, target] => {
                self.expect_transfer(target.account, source.account)?;
                Ok(vec![(target.account, "transfer", source.amount), (source.account, "transfer", -source.amount)])
            }
            legs => {
                let leg = &legs[0];
                if !self.accounts[leg.account].active {
                    return Err("NX016");
                }
                Ok(vec![(leg.account, if leg.effect() > 0 { "withdrawal" } else { "deposit" }, leg.amount)])
            }
        }
    }

    fn stranded(&self, rule: usize, also: Option<usize>) -> BTreeSet<usize> {
        let enough = |item: &Item| {
            let left =
                (0..self.people.len()).filter(|who| (self.people[*who].decides() || also == Some(*who)) && !Self::is_shut_out(item, *who));
            left.count() >= Self::needed(rule, item)
        };
        let waits = |item: &Item| item.status == Status::Pending && item.maker.is_some();
        (0..self.items.len()).filter(|item| waits(&self.items[*item]) && !enough(&self.items[*item])).collect()
    }

    /// Deactivates or demotes.
    pub fn dismiss(&mut self, person: usize, role: Role, active: bool) -> Verdict {
        let before = self.people[person].clone();
        let is_admin = |person: &Person| person.active && person.role == Role::Admin;
        let after = Person { role, active, ..before.clone() };
        if is_admin(&before) && !is_admin(&after) && self.people.iter().filter(|person| is_admin(person)).count() == 1 {
            return Err("NX002");
        }
        self.people[person] = after;
        if before.decides() && !self.people[person].decides() {
            let fine_before = self.stranded(self.rule, Some(person));
            if self.stranded(self.rule, None).difference(&fine_before).next().is_some() {
                self.people[person] = before;
                return Err("NX013");
            }
        }
        Ok(())
    }

    pub fn set_rule(&mut self, rule: usize) -> Verdict {
        if self.stranded(rule, None).difference(&self.stranded(self.rule, None)).next().is_some() {
            return Err("NX013");
        }
        self.rule = rule;
        Ok(())
    }
}

#[derive(Debug, Clone)]
pub enum Change {
    Description(u8),
    Amount(i64),
    Account(usize),
}
