//! Is every decision that was answered still there after a kill, and nothing half done?

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use nexus_console::db::connect::{Target, connect};
use rustix::process::Signal;
use tokio::task::{JoinHandle, block_in_place};
use tokio_postgres::Client;
use uuid::Uuid;

use super::{
    hall::{Said, approve, attempt, digest, in_order},
    sequences::Dice,
};
use crate::{
    running::{DataDir, Running, signal, until},
    support::{Browser, people},
};

const SITES: u64 = 2;
const KILLS: usize = 26;
const WAITING: usize = 24;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Console,
    Postmaster,
    /// One server process in the middle of its work: PostgreSQL then ends all others and recovers.
    Backend,
}

/// What was answered with success: it must be there whatever happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Promise {
    /// The row of `transaction_approvals`.
    Decided(Uuid),
    /// The transaction that a manager approved in the browser.
    Approved(Uuid),
    Made(Uuid),
    Withdrawn(Uuid),
}

type Promises = Arc<Mutex<Vec<Promise>>>;

/// A console with a PostgreSQL of its own, and who works there.
struct Site {
    data: DataDir,
    dice: Dice,
    user: Uuid,
    deciders: Vec<Uuid>,
    accounts: Vec<Uuid>,
    promises: Promises,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_outlives_every_kill() {
    let mut sites = Vec::new();
    for number in 0..SITES {
        sites.push(tokio::spawn(async move {
            let (mut site, mut console) = Site::open(number).await;
            let mut killed = Vec::new();
            for round in 0..KILLS {
                let victim = [Victim::Console, Victim::Postmaster, Victim::Backend][round % 3];
                console = site.round(console, victim).await;
                killed.push(victim);
            }
            console.stop();
            let promises = site.promises.lock().expect("nobody panicked with it").clone();
            (killed, promises)
        }));
    }
    let (mut kills, mut promises) = (Vec::new(), Vec::new());
    for site in sites {
        let (killed, promised) = site.await.expect("every promise is kept");
        kills.extend(killed);
        promises.extend(promised);
    }
    let of = |victim| kills.iter().filter(|killed| **killed == victim).count();
    assert!(kills.len() >= 50 && of(Victim::Console) >= 15 && of(Victim::Postmaster) >= 15 && of(Victim::Backend) >= 15, "{kills:?}");
    let kept = |kind: fn(&Promise) -> bool| promises.iter().filter(|promise| kind(promise)).count();
    let counted = (
        kept(|promise| matches!(promise, Promise::Decided(_))),
        kept(|promise| matches!(promise, Promise::Approved(_))),
        kept(|promise| matches!(promise, Promise::Made(_))),
        kept(|promise| matches!(promise, Promise::Withdrawn(_))),
    );
    assert!(
        counted.0 >= 500 && counted.1 >= 50 && counted.2 >= 50 && counted.3 >= 50,
        "a kill in the middle of nothing proves nothing: {counted:?}"
    );
}

impl Site {
    async fn open(number: u64) -> (Site, Running) {
        let data = DataDir::new();
        let console = data.serve(&[]);
        block_in_place(|| console.until_ready());
        let owner = connect(&Target::socket(&data.path().join("run"), "nexus_owner", "nexus")).await.expect("the owner connects");
        people::hire(&owner).await;
        let of = async |role: &str| -> Vec<Uuid> {
            let rows = owner.query("SELECT id FROM users WHERE role = $1 ORDER BY username", &[&role]).await.expect("them");
            rows.iter().map(|row| row.get(0)).collect()
        };
        let (user, deciders) = (of("user").await[0], [of("manager").await, of("admin").await].concat());
        let mut accounts = Vec::new();
        for kind in ["checking", "credit", "savings"] {
            let id = Uuid::now_v7();
            let statement = format!(
                "INSERT INTO accounts (id, user_id, account_name, account_type, account_number, balance)
                 VALUES ('{id}', '{user}', 'Account', '{kind}', '{id}', 1000)"
            );
            owner.batch_execute(&statement).await.expect("an account");
            accounts.push(id);
        }
        (Site { data, dice: Dice(number), user, deciders, accounts, promises: Promises::default() }, console)
    }

    async fn client(&self, role: &str) -> Client {
        let target = Target::socket(&self.data.path().join("run"), role, "nexus");
        for _ in 0..1_000 {
            if let Ok(client) = connect(&target).await {
                return client;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server does not come back");
    }

    fn promised(&self, kind: fn(&Promise) -> bool) -> usize {
        self.promises.lock().expect("nobody panicked with it").iter().filter(|promise| kind(promise)).count()
    }

    /// Everybody at work, a kill, and what is found afterwards.
    async fn round(&mut self, console: Running, victim: Victim) -> Running {
        let waiting = self.fill().await;
        let canary = self.client("nexus_owner").await;
        let browser = Browser::new(&format!("http://127.0.0.1:{}", console.port()));
        browser.sign_in("user").await;
        let desk = Browser::new(&format!("http://127.0.0.1:{}", console.port()));
        desk.sign_in("manager").await;
        let withdrawn = || self.promised(|promise| matches!(promise, Promise::Withdrawn(_)));
        let approved = || self.promised(|promise| matches!(promise, Promise::Approved(_)));
        let before = (withdrawn(), approved());
        let paper = tokio::spawn(paperwork(browser, self.accounts[0], Arc::clone(&self.promises)));
        let desk = tokio::spawn(press(desk, waiting.clone(), Arc::clone(&self.promises)));
        block_in_place(|| {
            until("the paperwork goes on", || withdrawn() > before.0 || paper.is_finished());
            until("the desk is at work", || approved() > before.1 || desk.is_finished());
        });
        let mut deciding: Vec<JoinHandle<()>> = Vec::new();
        for decider in self.deciders.clone() {
            deciding.push(tokio::spawn(decide(self.client("nexus_app").await, decider, waiting.clone(), Arc::clone(&self.promises))));
        }
        tokio::time::sleep(Duration::from_millis(u64::try_from(5 + self.dice.below(150)).expect("small"))).await;

        let console = match victim {
            Victim::Console => {
                console.kill();
                let console = self.data.serve(&[]);
                block_in_place(|| console.until_ready());
                console
            }
            Victim::Postmaster | Victim::Backend => {
                let postmaster = self.data.postmaster().expect("a server runs");
                let (dies, backend) = match victim {
                    Victim::Backend => (backends(postmaster).first().copied().unwrap_or(postmaster), true),
                    Victim::Console | Victim::Postmaster => (postmaster, false),
                };
                signal(dies, Signal::KILL);
                // A server that recovers throws everybody out first.
                block_in_place(|| until("everybody is out", || canary.is_closed()));
                block_in_place(|| {
                    if !backend {
                        until("another server runs", || self.data.postmaster().is_some_and(|now| now != postmaster));
                    }
                    console.until_ready();
                });
                console
            }
        };
        for worker in deciding {
            worker.await.expect("a decider is only ever refused or cut off");
        }
        paper.await.expect("the paperwork is only ever done or cut off");
        desk.await.expect("the desk is only ever answered or cut off");
        self.check(&waiting).await;
        console
    }

    /// Waiting: deposits that one or two approve, withdrawals, and transfers there and back.
    async fn fill(&mut self) -> Vec<(Uuid, String)> {
        let (client, owner) = (self.client("nexus_app").await, self.client("nexus_owner").await);
        let actor = format!("user:{}", self.user);
        let mut waiting = Vec::new();
        for place in 0..WAITING {
            let id = Uuid::now_v7();
            let (one, two) = (self.accounts[self.dice.below(3)], self.accounts[place % 2]);
            let statement = match place % 4 {
                0 => format!(
                    "INSERT INTO transactions (id, account_id, transaction_type, amount) VALUES ('{id}', '{one}', 'deposit', 10000)"
                ),
                1 => format!(
                    "INSERT INTO transactions (id, account_id, transaction_type, amount) VALUES ('{id}', '{one}', 'withdrawal', 40)"
                ),
                _ if one == two => {
                    format!("INSERT INTO transactions (id, account_id, transaction_type, amount) VALUES ('{id}', '{one}', 'deposit', 3)")
                }
                _ => format!("SELECT nexus_transfer('{id}', '{one}', '{two}', 25, NULL, NULL)"),
            };
            attempt(&client, &actor, &statement).await.expect("made");
            waiting.push((id, digest(&owner, id).await));
        }
        waiting
    }

    /// Nothing is half done, every promise is kept, and what was cut off can be decided to its end.
    async fn check(&self, waiting: &[(Uuid, String)]) {
        let (client, owner) = (self.client("nexus_app").await, self.client("nexus_owner").await);
        in_order(&owner).await;
        let promises = self.promises.lock().expect("nobody panicked with it").clone();
        let ids = |of: fn(&Promise) -> Option<Uuid>| promises.iter().filter_map(of).collect::<Vec<Uuid>>();
        for (what, statement, promised) in [
            (
                "decided",
                "SELECT count(*) FROM public.transaction_approvals WHERE id = ANY ($1)",
                ids(|promise| if let Promise::Decided(id) = promise { Some(*id) } else { None }),
            ),
            (
                "approved in the browser",
                "SELECT count(*) FROM public.transaction_approvals d JOIN public.users u ON u.id = d.decider AND u.username = 'manager'
                  WHERE d.transaction_id = ANY ($1) AND d.decision = 'approve'",
                ids(|promise| if let Promise::Approved(id) = promise { Some(*id) } else { None }),
            ),
            (
                "made",
                "SELECT count(*) FROM public.transactions WHERE id = ANY ($1)",
                ids(|promise| if let Promise::Made(id) = promise { Some(*id) } else { None }),
            ),
            (
                "withdrawn",
                "SELECT count(*) FROM public.transactions t WHERE t.id = ANY ($1) AND t.status = 'cancelled'
                    AND EXISTS (SELECT 1 FROM public.transaction_approvals d WHERE d.transaction_id = t.id AND d.decision = 'withdraw')",
                ids(|promise| if let Promise::Withdrawn(id) = promise { Some(*id) } else { None }),
            ),
        ] {
            let found: i64 = owner.query_one(statement, &[&promised]).await.expect("the database answers").get(0);
            assert_eq!(usize::try_from(found), Ok(promised.len()), "{what}");
        }
        for (transaction, seen) in waiting {
            for decider in &self.deciders {
                let said = attempt(&client, &format!("user:{decider}"), &approve(*transaction, seen)).await;
                assert!(is_answer(&said), "{said:?}");
            }
            let statement = "SELECT t.status FROM public.transactions t WHERE t.id = $1";
            let status: String = owner.query_one(statement, &[transaction]).await.expect("it is there").get(0);
            assert!(["completed", "pending"].contains(&status.as_str()), "{status}");
        }
        in_order(&owner).await;
    }
}

/// Decided, by this one or by others, or too little money in the account.
fn is_answer(said: &Said) -> bool {
    said.as_ref().map_or_else(|code| ["NX003", "NX017", "NX018"].contains(&code.as_str()), |_| true)
}

/// Approves one behind the other until the connection is gone; what is acknowledged is a promise.
async fn decide(client: Client, person: Uuid, waiting: Vec<(Uuid, String)>, promises: Promises) {
    for (transaction, seen) in waiting {
        let said = attempt(&client, &format!("user:{person}"), &approve(transaction, &seen)).await;
        match &said {
            Ok(approval) => {
                let approval = approval.as_deref().and_then(|id| id.parse().ok()).expect("the door answers with an id");
                promises.lock().expect("nobody panicked with it").push(Promise::Decided(approval));
            }
            Err(_) if client.is_closed() => return,
            // A server that goes says so, if it still can.
            Err(code) if code.starts_with("57P") || code.starts_with("connection") => return,
            Err(_) => assert!(is_answer(&said), "{said:?}"),
        }
    }
}

/// Approves in the browser, from the other end than those who decide in SQL; what is answered with the next item is a
/// promise.
async fn press(browser: Browser, waiting: Vec<(Uuid, String)>, promises: Promises) {
    let Some(token) = browser.try_get("/account").await.and_then(|page| page.value("csrf_token")) else { return };
    for (transaction, seen) in waiting.into_iter().rev() {
        let form = [("decision", "approve"), ("reason", ""), ("seen", seen.as_str())];
        match browser.try_post_with(&format!("/approvals/{transaction}"), &token, &form).await.map(|answer| answer.status) {
            Some(303) => promises.lock().expect("nobody panicked with it").push(Promise::Approved(transaction)),
            None | Some(503) => return,
            // Somebody was quicker, or there is too little money.
            Some(409 | 422) => {}
            Some(status) => panic!("a decision is answered with {status}"),
        }
    }
}

/// Makes a transaction and withdraws it, over and over, in the browser, until nobody answers.
async fn paperwork(browser: Browser, account: Uuid, promises: Promises) {
    let Some(token) = browser.try_get("/account").await.and_then(|page| page.value("csrf_token")) else { return };
    let account = account.to_string();
    for _ in 0..200 {
        let id = Uuid::now_v7();
        let path = format!("/tables/transactions/{id}");
        let (key, words) = (id.to_string(), [("reason", "Entered twice")]);
        let form = [("id", key.as_str()), ("account_id", &account), ("transaction_type", "deposit"), ("amount", "5")];
        match browser.try_post_with("/tables/transactions", &token, &form).await.map(|answer| answer.status) {
            Some(303) => promises.lock().expect("nobody panicked with it").push(Promise::Made(id)),
            None | Some(503) => return,
            Some(status) => panic!("a form is answered with {status}"),
        }
        match browser.try_post_with(&format!("{path}/withdraw"), &token, &words).await.map(|answer| answer.status) {
            Some(303) => promises.lock().expect("nobody panicked with it").push(Promise::Withdrawn(id)),
            None | Some(503) => return,
            Some(status) => panic!("a withdrawal is answered with {status}"),
        }
    }
}

/// The server processes of one postmaster that work for the console's role.
fn backends(postmaster: i32) -> Vec<i32> {
    let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap_or_default();
    children
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .filter(|pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|title| title.contains("nexus_app nexus")))
        .collect()
}
