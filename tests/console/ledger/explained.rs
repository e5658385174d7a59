//! Does the log name the first entry that does not fit, whatever was done past the door?

use nexus_console::{
    app::Tables,
    audit::history::HistoryGrant,
    auth::{
        actor::{Actor, Preferences},
        origin::{Origin, Party},
        policy::{Action, LINES, Policy},
        role::Role,
    },
    db::pool::{Database, ServingRole},
    demo,
    operations::ledger::{
        self, check_all, drifts,
        explanation::{self, Explanation, Table},
    },
};
use uuid::Uuid;

use super::{super::support::database, Bank, check};

async fn told(bank: &Bank) -> String {
    let auditor = bank.console.signed_in("auditor").await;
    check(&auditor).await;
    assert!(bank.is_frozen().await);
    auditor.get(&bank.drift()).await.texts("#explanation").join("")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_on_both_sides_is_no_drift_and_not_named() {
    let bank = Bank::open().await;
    let both = "WITH entry AS (INSERT INTO transactions (id, account_id, transaction_type, amount, status) VALUES (nexus_uuid7(), $1, 'deposit', 7, 'completed'))
                UPDATE accounts SET balance = balance + 7 WHERE id = $1";
    bank.past_the_door(both).await;
    let auditor = bank.console.signed_in("auditor").await;
    assert!(!check(&auditor).await.has("[data-finding]"));
    bank.past_the_door("UPDATE accounts SET balance = balance - 0.01 WHERE id = $1").await;
    bank.past_the_door(both).await;
    let told = told(&bank).await;
    assert!(told.contains("changed the balance from 107.00 USD to 106.99 USD"), "{told}");
    assert!(told.contains("whole difference"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completed_transaction_that_is_added_or_deleted_is_named() {
    let bank = Bank::open().await;
    bank.past_the_door(
        "INSERT INTO transactions (id, account_id, transaction_type, amount, status) VALUES (nexus_uuid7(), $1, 'payment', 7, 'completed')",
    )
    .await;
    let added = told(&bank).await;
    assert!(added.contains("added a completed transaction that adds -7.00 USD"), "{added}");

    let bank = Bank::open().await;
    bank.past_the_door("WITH entry AS (INSERT INTO transactions (id, account_id, transaction_type, amount, status) VALUES (nexus_uuid7(), $1, 'deposit', 7, 'completed'))
                        UPDATE accounts SET balance = balance + 7 WHERE id = $1").await;
    bank.past_the_door("DELETE FROM transactions WHERE account_id = $1 AND status = 'completed'").await;
    let deleted = told(&bank).await;
    assert!(deleted.contains("deleted a completed transaction that added 7.00 USD"), "{deleted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_entry_explains_is_said() {
    let bank = Bank::open().await;
    let superuser = bank.console.database.as_superuser().await;
    superuser.batch_execute("SET session_replication_role = replica").await.expect("no trigger sees it");
    superuser.execute("UPDATE accounts SET balance = 1 WHERE id = $1", &[&bank.account]).await.expect("changed");
    let told = told(&bank).await;
    assert!(told.contains("No entry of the log explains it"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_moved_to_another_account_is_named_on_both() {
    let bank = Bank::open().await;
    bank.past_the_door("WITH entry AS (INSERT INTO transactions (id, account_id, transaction_type, amount, status) VALUES (nexus_uuid7(), $1, 'deposit', 7, 'completed'))
                        UPDATE accounts SET balance = balance + 7 WHERE id = $1").await;
    let auditor = bank.console.signed_in("auditor").await;
    assert!(!check(&auditor).await.has("[data-finding]"));
    bank.past_the_door("UPDATE transactions SET account_id = (SELECT id FROM accounts WHERE id <> $1 LIMIT 1) WHERE account_id = $1 AND status = 'completed'").await;
    let page = check(&auditor).await;
    assert_eq!(page.texts("[data-finding=drift]").len(), 2, "{}", page.text());
    for drift in page.attributes("[data-finding=drift] .row a", "href") {
        let told = auditor.get(&drift).await.texts("#explanation").join("");
        assert!(told.contains("changed what a transaction adds to the balance") && told.contains("whole difference"), "{told}");
    }
}

/// The invented history of a demonstration, with its decisions, explains itself and hides nothing that comes after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_drift_in_a_long_history_is_explained_by_its_own_entry() {
    let database = database().await;
    let mut owner = database.as_owner().await;
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$YSBzYWx0IG9mIG5vdGhpbmc$bm9ib2R5J3MgaGFzaCwgb25seSBpdHMgc2hhcGUgaXM";
    demo::fill(&mut owner, chrono::Utc::now().date_naive(), hash).await.expect("an empty database is filled");
    let pool = Database::new(database.application.manager(), 2, ServingRole::LoggedIn);
    let id = owner.query_one("SELECT id FROM users WHERE username = 'auditor'", &[]).await.expect("an auditor").get(0);
    let (text, role) = (|| "auditor".to_owned(), Some(Role::Auditor));
    let actor = Actor::new(id, text(), text(), text(), role, Uuid::nil(), Preferences::default(), Policy(LINES));
    let registry = Tables::of_the_platform().registry;
    let grant = actor.authorize(Action::Prove, registry.find("accounts").expect("accounts")).expect("an auditor may");
    let origin = Origin { party: Party::User(id), ..Origin::job("test") };
    assert_eq!(check_all(&pool, &origin, &grant).await.expect("a check").found, Vec::<Uuid>::new());
    let connection = pool.read().await.expect("a connection");
    let (_, full) = ledger::last(&connection, &grant).await.expect("the last check");
    let totals = full.and_then(|full| full.totals).expect("its sums");
    assert!(totals.unsound.is_empty() && totals.uncovered == 0, "{totals:?}");
    assert!(totals.currencies.len() > 1 && totals.currencies.iter().all(|sums| sums.difference.trim_matches(['0', '.']).is_empty()));

    let busiest = "SELECT account_id FROM transactions WHERE status = 'completed' GROUP BY account_id ORDER BY count(*) DESC LIMIT 1";
    let account: Uuid = owner.query_one(busiest, &[]).await.expect("an account").get(0);
    owner.execute("UPDATE accounts SET balance = balance - 1 WHERE id = $1", &[&account]).await.expect("changed");
    assert_eq!(check_all(&pool, &origin, &grant).await.expect("a check").found, [account]);
    let drift = drifts::of(&connection, &grant, account).await.expect("a drift").expect("the account");
    let log = HistoryGrant::of(&actor, &registry).expect("an auditor reads the log");
    match explanation::of(&connection, log, &drift).await.expect("an answer") {
        Explanation::Entry(culprit) => {
            assert_eq!((culprit.table, culprit.record, &culprit.explained), (Table::Accounts, account, &drift.difference));
        }
        other => panic!("{other:?}"),
    }
}
