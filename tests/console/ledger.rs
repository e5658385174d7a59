//! Does the ledger prove itself, find what went past it, and let two people put it right?

mod explained;
mod job;
mod proof;
mod resolution;
mod seen;

use tokio_postgres::Client;
use uuid::Uuid;

use super::support::{Answer, Browser, Console, console, stock, stocked_database};

const PROOF: &str = "/operations/ledger";

/// A console whose accounts hold 100 each, and the platform beside it, which writes as the owner and says no actor.
struct Bank {
    console: Console,
    platform: Client,
    /// The account of `user`.
    account: Uuid,
}

impl Bank {
    async fn open() -> Bank {
        let console = console(stocked_database().await).await;
        let platform = console.database.as_owner().await;
        Bank { console, platform, account: Uuid::parse_str(&stock::of("accounts", "user")).expect("an id") }
    }

    fn drift(&self) -> String {
        format!("{PROOF}/{}", self.account)
    }

    /// A row's one value as text.
    async fn text(&self, statement: &str) -> Option<String> {
        self.platform.query_one(statement, &[&self.account]).await.unwrap_or_else(|error| panic!("{statement}: {error}")).get(0)
    }

    async fn past_the_door(&self, statement: &str) {
        self.platform.execute(statement, &[&self.account]).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    async fn balance(&self) -> String {
        self.text("SELECT balance::text FROM accounts WHERE id = $1").await.expect("a balance")
    }

    async fn is_frozen(&self) -> bool {
        self.text("SELECT frozen_since::text FROM account_ledger WHERE account_id = $1").await.is_some()
    }

    /// Balance and entries of the account, and whether they agree.
    async fn agrees(&self) -> bool {
        self.text("SELECT (balance = expected)::text FROM nexus_ledger WHERE account_id = $1").await.as_deref() == Some("true")
    }

    /// What the last decisions that were refused were refused for.
    async fn refusals(&self) -> Vec<String> {
        let rows = self
            .platform
            .query("SELECT new_values ->> 'refused' FROM audit_logs WHERE action = 'decision_refused' ORDER BY created_at, id", &[])
            .await
            .expect("the log");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// One person says what is right about the difference they see.
    async fn say(&self, browser: &Browser, resolution: &str, reason: &str) -> Answer {
        let difference = browser.get(&self.drift()).await.value("difference").unwrap_or_default();
        browser.post(&self.drift(), &[("resolution", resolution), ("difference", &difference), ("reason", reason)]).await
    }
}

async fn check(browser: &Browser) -> Answer {
    let answer = browser.post(PROOF, &[("decision", "check")]).await;
    assert_eq!((answer.status, answer.location.as_deref()), (303, Some(PROOF)), "{}", answer.text());
    browser.get(PROOF).await
}
