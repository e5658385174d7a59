//! Did everything in a story end as the model says, and does nothing wait when the next one begins?

use super::{Role, Status, Story, digest, rule_statement};
use crate::door::hall::reject;

impl Story<'_> {
    /// What the database says became of everything, against the model; then nothing is left waiting.
    pub(super) async fn end(self) {
        for (item, expected) in self.model.items.iter().enumerate() {
            for leg in &expected.legs {
                let row = self
                    .table
                    .owner
                    .query_one(
                        "SELECT t.status, (SELECT count(*) FROM public.transaction_approvals d WHERE d.transaction_id = t.id AND d.decision = 'approve'),
                                (SELECT max(d.decision) FROM public.transaction_approvals d WHERE d.transaction_id = t.id AND d.decision <> 'approve')
                           FROM public.transactions t WHERE t.id = $1",
                        &[&leg.id],
                    )
                    .await
                    .expect("it is there");
                let (status, last) = match expected.status {
                    Status::Pending => ("pending", None),
                    Status::Completed => ("completed", None),
                    Status::Cancelled(Some(_)) => ("cancelled", Some("reject")),
                    Status::Cancelled(None) => ("cancelled", Some("withdraw")),
                    Status::Expired => ("cancelled", Some("expire")),
                };
                let found: (String, i64, Option<String>) = (row.get(0), row.get(1), row.get(2));
                let approvals = i64::try_from(expected.approvals.len()).expect("few");
                let wanted = (status.to_owned(), approvals, last.map(str::to_owned));
                assert_eq!(found, wanted, "seed {}: item {item}\n{}", self.seed, self.told.join("\n"));
            }
        }
        for account in &self.model.accounts {
            let statement = "SELECT balance::text FROM public.nexus_ledger WHERE account_id = $1 AND balance = expected";
            let row = self.table.owner.query_opt(statement, &[&account.id]).await.expect("an answer");
            let balance = row.map(|row| row.get::<_, String>(0));
            assert_eq!(balance, Some(format!("{}.00", account.balance)), "seed {}:\n{}", self.seed, self.told.join("\n"));
        }
        self.clear().await;
    }

    /// Everybody is back, and nothing waits when the next story begins.
    async fn clear(mut self) {
        let role = self.model.people[0].role;
        for (person, role) in [(1, Role::Admin), (2, Role::Manager), (3, Role::Manager), (4, Role::Manager), (0, role)] {
            self.restore(person, role).await;
        }
        for item in 0..self.model.items.len() {
            if self.model.items[item].status != Status::Pending {
                continue;
            }
            if self.model.items[item].aged {
                self.expire_now(item).await;
                continue;
            }
            let (seen, look) = (digest(&self.table.owner, self.model.items[item].legs[0].id).await, self.model.look(item));
            let statement = reject(self.id(item), &seen);
            let mut open = true;
            for person in 1..self.model.people.len() {
                let expected = self.model.reject(person, item, &look);
                self.does("clear", Some(person), &statement, expected).await;
                if expected.is_ok() {
                    open = false;
                    break;
                }
            }
            if open {
                let maker = self.model.items[item].maker;
                let statement = format!("SELECT nexus_decide('{}', 'withdraw', 'mine', NULL)", self.id(item));
                let expected = self.model.withdraw(maker.expect("a job's is rejected by anybody"), item);
                assert_eq!(expected, Ok(()));
                self.does("clear", maker, &statement, expected).await;
            }
        }
        self.restore(0, Role::Other).await;
        if self.model.rule != 0 {
            let expected = self.model.set_rule(0);
            self.does("clear", Some(1), &rule_statement(0), expected).await;
        }
    }

    pub(super) async fn expire_now(&mut self, item: usize) {
        let statement = format!("SELECT nexus_decide('{}', 'expire', 'nobody decided', NULL)", self.id(item));
        let expected = self.model.expire(item);
        self.does("expire", None, &statement, expected).await;
    }

    async fn restore(&mut self, person: usize, role: Role) {
        if self.model.people[person].active && self.model.people[person].role == role {
            return;
        }
        let name = match role {
            Role::Admin => "admin",
            Role::Manager => "manager",
            Role::Other => "user",
        };
        let statement = format!("UPDATE users SET is_active = true, role = '{name}' WHERE id = '{}'", self.model.people[person].id);
        let expected = self.model.dismiss(person, role, true);
        assert_eq!(expected, Ok(()));
        self.does("clear", Some(1), &statement, expected).await;
    }
}
