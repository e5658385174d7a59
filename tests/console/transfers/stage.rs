//! Which accounts and people do the transfers of the tests go between?

use tokio_postgres::Client;
use uuid::Uuid;

use super::super::{
    forms::{filled, send, with},
    support::{Answer, Browser, Console, console, staffed_database},
};

/// A console with accounts of `user`, each with 1,000.00, and one of somebody else.
pub struct Stage {
    pub console: Console,
    pub owner: Client,
}

pub async fn stage() -> Stage {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    let stage = Stage { console, owner };
    for (number, kind, currency, whose, state) in [
        ("checking", "checking", "USD", "user", "true"),
        ("savings", "savings", "USD", "user", "true"),
        ("credit", "credit", "USD", "user", "true"),
        ("euro", "checking", "EUR", "user", "true"),
        ("yen", "checking", "JPY", "user", "true"),
        ("yen-too", "checking", "JPY", "user", "true"),
        ("closed", "checking", "USD", "user", "false"),
        ("strange", "checking", "USD", "viewer", "true"),
    ] {
        stage
            .owner
            .execute(
                "INSERT INTO accounts (id, user_id, account_name, account_type, account_number, balance, currency, is_active) \
                 SELECT nexus_uuid7(), u.id, 'The ' || $1::text, $2, $1::text, 1000, $3, $5::text::boolean FROM users u WHERE u.username = $4",
                &[&number, &kind, &currency, &whose, &state],
            )
            .await
            .expect("an account");
    }
    stage
}

impl Stage {
    pub async fn account(&self, number: &str) -> String {
        self.text("SELECT id::text FROM accounts WHERE account_number = $1", number).await
    }

    pub async fn balance(&self, number: &str) -> String {
        self.text("SELECT balance::text FROM accounts WHERE account_number = $1", number).await
    }

    pub async fn text(&self, statement: &str, parameter: &str) -> String {
        self.owner.query_one(statement, &[&parameter]).await.expect("one row").get(0)
    }

    pub async fn count(&self, statement: &str) -> i64 {
        self.owner.query_one(statement, &[]).await.expect("a count").get(0)
    }

    /// The form of a transfer with these fields, and what sending it answers.
    pub async fn transfer(&self, browser: &Browser, source: &str, target: &str, more: &[(&str, &str)]) -> Answer {
        let (source, target) = (self.account(source).await, self.account(target).await);
        let page = browser.get("/transfers/new").await;
        assert_eq!(page.status, 200, "{}", page.text());
        let form = with(filled(&page), &[("source", &source), ("target", &target), ("amount", "250.00")]);
        send(browser, "/transfers/new", &with(form, more)).await
    }

    /// A transfer as it was made: its source leg's id.
    pub async fn made(&self, browser: &Browser, source: &str, target: &str) -> String {
        id_in(&self.transfer(browser, source, target, &[]).await)
    }

    /// A pending transaction of the manager's.
    pub async fn pending(&self, account: &str, kind: &str, amount: &str) -> String {
        self.text(
            &format!(
                "INSERT INTO transactions (id, account_id, transaction_type, amount, status, reference_number, created_by) \
                 SELECT nexus_uuid7(), a.id, '{kind}', {amount}, 'pending', 'T-{kind}', m.id FROM accounts a, users m \
                  WHERE a.account_number = $1 AND m.username = 'manager' RETURNING id::text"
            ),
            account,
        )
        .await
    }

    /// A decision through the door: the code of the refusal, or nothing.
    pub async fn decide(&self, username: &str, id: &str, decision: &str) -> Option<String> {
        let actor = self.text("SELECT 'user:' || id FROM users WHERE username = $1", username).await;
        let statement = format!(
            "BEGIN; SELECT set_config('nexus.actor', '{actor}', true); \
             SELECT nexus_decide('{id}', '{decision}', 'as the test says', nexus_digest(nexus_approval_statement('{id}'))); COMMIT"
        );
        match self.owner.batch_execute(&statement).await {
            Ok(()) => None,
            Err(error) => {
                self.owner.batch_execute("ROLLBACK").await.expect("rolled back");
                Some(error.code().expect("an SQLSTATE").code().to_owned())
            }
        }
    }

    pub async fn statuses(&self, id: &str) -> Vec<String> {
        let id: Uuid = id.parse().expect("an id");
        let rows = self
            .owner
            .query("SELECT status FROM transactions WHERE id = ANY (nexus_unit($1)) ORDER BY amount", &[&id])
            .await
            .expect("legs");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Whether every balance is what its entries say.
    pub async fn is_sound(&self) -> bool {
        self.count("SELECT count(*) FROM nexus_ledger WHERE balance <> expected").await == 0
    }
}

/// The record that an answer leads to.
pub fn id_in(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let location = answer.location.as_deref().expect("a place to go");
    location.split('?').next().and_then(|path| path.rsplit('/').next()).expect("an id").to_owned()
}

pub fn record(id: &str) -> String {
    format!("/tables/transactions/{id}")
}
