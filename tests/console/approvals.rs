//! Do people decide on what they saw, once, and only where it is theirs to decide?

mod deciding;
mod questions;
mod queue;
mod refusals;
mod seen;
mod window;

use uuid::Uuid;

use super::support::{Answer, Browser, Console, console, staffed_database};

/// A console with an account or two, and a way to make what waits.
pub struct House {
    pub console: Console,
    pub owner: tokio_postgres::Client,
}

impl House {
    pub async fn open() -> House {
        let console = console(staffed_database().await).await;
        let owner = console.database.as_owner().await;
        House { console, owner }
    }

    /// A checking account of `user`.
    pub async fn account(&self, number: &str, balance: &str) -> Uuid {
        let text = "INSERT INTO accounts (id, user_id, account_name, account_type, account_number, balance, currency) \
             SELECT public.nexus_uuid7(), u.id, 'Account ' || $1::text, 'checking', $1::text, $2::text::numeric, 'USD' FROM users u WHERE u.username = 'user' RETURNING id";
        self.owner.query_one(text, &[&number, &balance]).await.expect("an account").get(0)
    }

    /// Something that waits, made by somebody.
    pub async fn pending(&self, account: Uuid, kind: &str, amount: &str, maker: &str) -> Uuid {
        let text = "INSERT INTO transactions (id, account_id, transaction_type, amount, description, reference_number, created_by, updated_by) \
             SELECT public.nexus_uuid7(), $1, $2::text, $3::text::numeric, 'For ' || $3::text, upper($2::text) || '-' || $3::text, u.id, u.id FROM users u WHERE u.username = $4::text RETURNING id";
        self.owner.query_one(text, &[&account, &kind, &amount, &maker]).await.expect("a transaction").get(0)
    }

    pub async fn status(&self, transaction: Uuid) -> String {
        self.owner.query_one("SELECT status FROM transactions WHERE id = $1", &[&transaction]).await.expect("it").get(0)
    }

    pub async fn balance(&self, account: Uuid) -> String {
        self.owner.query_one("SELECT balance::text FROM accounts WHERE id = $1", &[&account]).await.expect("it").get(0)
    }

    pub async fn words(&self, transaction: Uuid) -> i64 {
        let text = "SELECT count(*) FROM transaction_approvals WHERE transaction_id = $1";
        self.owner.query_one(text, &[&transaction]).await.expect("a count").get(0)
    }

    /// What the log says was refused, newest last.
    pub async fn refused(&self) -> Vec<String> {
        let text = "SELECT new_values ->> 'attempt' || ' ' || (new_values ->> 'refused') FROM audit_logs WHERE action = 'decision_refused' ORDER BY created_at, id";
        self.owner.query(text, &[]).await.expect("the log").iter().map(|row| row.get(0)).collect()
    }

    pub async fn run(&self, statement: &str) {
        self.owner.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// Opens an item and says something to what is there.
pub async fn say(browser: &Browser, transaction: Uuid, decision: &str, reason: &str) -> Answer {
    let page = browser.get(&format!("/approvals/{transaction}")).await;
    let seen = page.value("seen").unwrap_or_else(|| panic!("a form: {} {}", page.status, page.text()));
    say_of(browser, transaction, decision, reason, &seen).await
}

/// Says something to what was seen before.
pub async fn say_of(browser: &Browser, transaction: Uuid, decision: &str, reason: &str, seen: &str) -> Answer {
    browser.post(&format!("/approvals/{transaction}"), &[("decision", decision), ("reason", reason), ("seen", seen)]).await
}

pub async fn flash(browser: &Browser, answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let to = answer.location.as_deref().expect("somewhere to go");
    let page = browser.get(to.split('#').next().expect("a path")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    page.texts("[role=status]").join(" ")
}
