//! How does a test stand before the door: with people, accounts and transactions, and as whom?

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio_postgres::{Client, SimpleQueryMessage, types::Type};
use uuid::Uuid;

use nexus_console::db::connect::{Target, connect};

use crate::support::{TestDatabase, staffed_database};

/// What the door said: the one value it answered with, or the code it refused with.
pub type Said = Result<Option<String>, String>;

/// A database with the six of the staff and as many more managers as asked for.
pub struct Hall {
    pub database: TestDatabase,
    pub owner: Client,
    pub admin: Uuid,
    pub user: Uuid,
    pub managers: Vec<Uuid>,
}

impl Hall {
    pub async fn with_managers(many: usize) -> Hall {
        let database = staffed_database().await;
        let owner = database.as_owner().await;
        for number in 3..=many {
            owner
                .execute(
                    "INSERT INTO users (username, email, full_name, password_hash, role)
                     SELECT 'manager' || $1::text, 'manager' || $1::text || '@example.com', 'Manager ' || $1::text, '!', 'manager'",
                    &[&number.to_string()],
                )
                .await
                .expect("a manager");
        }
        let person = async |username: &str| -> Uuid {
            owner.query_one("SELECT id FROM users WHERE username = $1", &[&username]).await.expect("them").get(0)
        };
        let (admin, user) = (person("admin").await, person("user").await);
        let rows = owner.query("SELECT id FROM users WHERE role = 'manager' ORDER BY username", &[]).await.expect("them");
        let managers = rows.iter().map(|row| row.get(0)).collect();
        Hall { database, owner, admin, user, managers }
    }

    /// An account the platform opened with this much in it.
    pub async fn account(&self, account_type: &str, balance: &str) -> Uuid {
        let id = Uuid::now_v7();
        self.owner
            .execute(
                "INSERT INTO accounts (id, user_id, account_name, account_type, account_number, balance)
                 VALUES ($1, $2, 'Account', $3, $5, $4::text::numeric)",
                &[&id, &self.user, &account_type, &balance, &id.to_string()],
            )
            .await
            .expect("an account");
        id
    }

    /// A transaction that waits, made by `maker` as the console makes it.
    pub async fn pending(&self, maker: Uuid, account: Uuid, kind: &str, amount: &str) -> Uuid {
        let id = Uuid::now_v7();
        let statement =
            format!("INSERT INTO transactions (id, account_id, transaction_type, amount) VALUES ('{id}', '{account}', '{kind}', {amount})");
        self.as_user(maker, &statement).await.expect("made");
        id
    }

    /// Runs a statement as somebody, on a connection of the console's role of its own.
    pub async fn as_user(&self, person: Uuid, statement: &str) -> Said {
        let client = self.database.as_application().await;
        attempt(&client, &format!("user:{person}"), statement).await
    }

    pub async fn digest(&self, transaction: Uuid) -> String {
        digest(&self.owner, transaction).await
    }

    pub async fn text(&self, statement: &str) -> String {
        self.owner.query_one(statement, &[]).await.expect(statement).get::<_, Option<String>>(0).unwrap_or_default()
    }

    pub async fn count(&self, statement: &str) -> i64 {
        self.owner.query_one(statement, &[]).await.expect(statement).get(0)
    }

    pub async fn balance(&self, account: Uuid) -> String {
        self.text(&format!("SELECT balance::text FROM accounts WHERE id = '{account}'")).await
    }

    pub async fn status(&self, transaction: Uuid) -> String {
        self.text(&format!("SELECT status FROM transactions WHERE id = '{transaction}'")).await
    }

    /// Holds whatever happened: see [`ORDER`].
    pub async fn in_order(&self) {
        in_order(&self.owner).await;
    }

    /// All of them at the same moment, each on a connection of its own.
    pub async fn at_once(&self, attempts: Vec<(Uuid, String)>) -> Vec<Said> {
        at_once(&self.database.application, attempts).await
    }
}

pub async fn at_once(target: &Target, attempts: Vec<(Uuid, String)>) -> Vec<Said> {
    let together = Arc::new(Barrier::new(attempts.len()));
    let mut running = Vec::new();
    for (person, statement) in attempts {
        let client = connect(target).await.expect("the application's role connects");
        let together = Arc::clone(&together);
        running.push(tokio::spawn(async move {
            together.wait().await;
            attempt(&client, &format!("user:{person}"), &statement).await
        }));
    }
    let mut said = Vec::new();
    for attempt in running {
        said.push(attempt.await.expect("no test panicked in it"));
    }
    said
}

pub async fn digest(client: &Client, transaction: Uuid) -> String {
    let statement = "SELECT coalesce(public.nexus_digest(public.nexus_approval_statement($1)), '')";
    // One round trip, where preparing it first would be three.
    client.query_typed_one(statement, &[(&transaction, Type::UUID)]).await.expect("a digest").get(0)
}

/// In a transaction of its own, as the console writes: who acts, what, and nothing kept of a refusal.
pub async fn attempt(client: &Client, actor: &str, statement: &str) -> Said {
    let script = format!(
        "BEGIN; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '15s'; SET LOCAL nexus.actor = '{actor}'; {statement}; COMMIT"
    );
    match client.simple_query(&script).await {
        Ok(messages) => Ok(messages.iter().rev().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })),
        Err(error) => {
            let code = error.code().map_or_else(|| error.to_string(), |code| code.code().to_owned());
            client.batch_execute("ROLLBACK").await.ok();
            Err(code)
        }
    }
}

pub fn approve(transaction: Uuid, digest: &str) -> String {
    format!("SELECT nexus_decide('{transaction}', 'approve', NULL, '{digest}')")
}

pub fn reject(transaction: Uuid, digest: &str) -> String {
    format!("SELECT nexus_decide('{transaction}', 'reject', 'no', '{digest}')")
}

/// How many of them were let through; the others must have been refused with one of these codes.
pub fn accepted(said: &[Said], refusals: &[&str]) -> usize {
    for refusal in said.iter().filter_map(|said| said.as_ref().err()) {
        assert!(refusals.contains(&refusal.as_str()), "{refusal} is none of {refusals:?}");
    }
    said.iter().filter(|said| said.is_ok()).count()
}

/// What must hold at any time, each as a query for what breaks it: the name of the promise and how many break it.
const ORDER: &str = "
    SELECT 'a balance is what its entries say', count(*) FROM public.nexus_ledger WHERE balance IS DISTINCT FROM expected
    UNION ALL
    SELECT 'what is completed was approved, as it is, by enough people who neither made nor edited it', count(*)
      FROM public.transactions t
      JOIN LATERAL (SELECT d.digest, substring(d.rule_applied FROM ' of ([0-9]+),')::integer AS needed
                      FROM public.transaction_approvals d WHERE d.transaction_id = t.id AND d.decision = 'approve'
                     ORDER BY d.decided_at DESC LIMIT 1) AS last ON true
     WHERE t.status = 'completed' AND t.processed_at IS NOT NULL
       AND last.needed > (SELECT count(DISTINCT d.decider) FROM public.transaction_approvals d
                           WHERE d.transaction_id = t.id AND d.decision = 'approve' AND d.digest = last.digest
                             AND d.decider IS DISTINCT FROM t.created_by AND d.decider IS DISTINCT FROM t.updated_by)
    UNION ALL
    SELECT 'what is completed has an approval', count(*) FROM public.transactions t
     WHERE t.status = 'completed' AND t.processed_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM public.transaction_approvals d WHERE d.transaction_id = t.id AND d.decision = 'approve')
    UNION ALL
    SELECT 'what the console cancelled has one final decision', count(*) FROM public.transactions t
     WHERE t.status = 'cancelled'
       AND 1 <> (SELECT count(*) FROM public.transaction_approvals d WHERE d.transaction_id = t.id AND d.decision <> 'approve')
    UNION ALL
    SELECT 'what is not cancelled has no final decision', count(*) FROM public.transactions t
     WHERE t.status <> 'cancelled'
       AND EXISTS (SELECT 1 FROM public.transaction_approvals d WHERE d.transaction_id = t.id AND d.decision <> 'approve')
    UNION ALL
    SELECT 'a digest is of its statement', count(*) FROM public.transaction_approvals d
     WHERE d.digest IS DISTINCT FROM public.nexus_digest(d.statement)
    UNION ALL
    SELECT 'the legs of a transfer stand alike and sum to zero', count(*)
      FROM public.transaction_transfers l JOIN public.transactions s ON s.id = l.source_id JOIN public.transactions t ON t.id = l.target_id
     WHERE s.status IS DISTINCT FROM t.status OR s.amount + t.amount <> 0
    UNION ALL
    SELECT 'no question is open on what is decided', count(*)
      FROM public.transaction_questions q JOIN public.transactions t ON t.id = q.transaction_id
     WHERE q.outcome IS NULL AND t.status <> 'pending'
    UNION ALL
    SELECT 'nothing is reversed twice', count(*) FROM (
        SELECT r.original_id FROM public.transaction_reversals r JOIN public.transactions t ON t.id = r.reversal_id
         WHERE t.status IN ('pending', 'completed') GROUP BY r.original_id HAVING count(*) > 1) AS twice
    UNION ALL
    SELECT 'checking and savings are never below zero', count(*) FROM public.accounts
     WHERE account_type IN ('checking', 'savings') AND balance < 0";

pub async fn in_order(client: &Client) {
    for row in client.query(ORDER, &[]).await.expect("the database answers") {
        let (promise, broken): (String, i64) = (row.get(0), row.get(1));
        assert_eq!(broken, 0, "{promise}");
    }
}
