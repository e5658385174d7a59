//! Can anybody, of any role, move money by a form that was never offered to them?

use super::hall::{digest, in_order};
use crate::support::{PEOPLE, console, stock, stocked_database};

/// All of what is there may be sent to; nothing of it may do what only the door does.
const PATHS: [&str; 34] = [
    "/tables/transactions",
    "/tables/transactions/selected",
    "/tables/transactions/{transaction}",
    "/tables/transactions/{transaction}/edit",
    "/tables/transactions/{transaction}/delete",
    "/tables/transactions/{transaction}/reverse",
    "/tables/transactions/{transaction}/approve",
    "/tables/transactions/{transaction}/reject",
    "/tables/transactions/{transaction}/decide",
    "/tables/transactions/{transaction}/complete",
    "/tables/transactions/{transaction}/expire",
    "/tables/transactions/{transaction}/deactivate",
    "/tables/transactions/{transaction}/history",
    "/approvals",
    "/approvals/{transaction}",
    "/runs",
    "/runs/{transaction}",
    "/transfers",
    "/transfers/new",
    "/tables/accounts",
    "/tables/accounts/{account}",
    "/tables/accounts/{account}/edit",
    "/tables/accounts/{account}/delete",
    "/tables/accounts/{account}/deactivate",
    "/tables/accounts/{account}/limit",
    "/tables/accounts/{account}/restore",
    "/tables/transaction_approvals",
    "/tables/transaction_transfers",
    "/tables/account_ledger",
    "/tables/account_ledger/{account}",
    "/tables/account_ledger_corrections",
    "/tables/ledger_decisions",
    "/tables/decision_runs",
    "/operations/ledger",
];

const MONEY: &str = "
    SELECT (SELECT string_agg(concat_ws(' ', t.id, t.status, t.processed_at), ',' ORDER BY t.id) FROM transactions t
             WHERE t.status <> 'pending' OR t.id::text LIKE '01900000-%')
        || (SELECT string_agg(concat_ws(' ', a.id, a.balance), ',' ORDER BY a.id) FROM accounts a WHERE a.id::text LIKE '01900000-%' OR a.balance <> 0)
        || (SELECT count(*) FROM transaction_approvals) || (SELECT count(*) FROM account_ledger_corrections)";

#[tokio::test(flavor = "multi_thread")]
async fn no_form_of_anybody_moves_money_past_the_door() {
    let console = console(stocked_database().await).await;
    let client = console.database.as_owner().await;
    let money = client.prepare(MONEY).await.expect("a statement");
    let money = async || -> String { client.query_one(&money, &[]).await.expect("an answer").get(0) };
    // One approver would be enough for it: what stops each of them is who they are.
    let before = money().await;
    let mut sent = 0;
    for (username, role, _) in PEOPLE {
        let browser = console.signed_in(username).await;
        let token = browser.get("/account").await.value("csrf_token").expect("a token");
        // One's own first; of others', only what may never be decided by this role.
        let owners: &[&str] = if matches!(role, "admin" | "manager") { &[username] } else { &[username, "manager2", "user"] };
        for owner in owners {
            let (transaction, account) = (stock::of("transactions", owner), stock::of("accounts", owner));
            let seen = digest(&client, transaction.parse().expect("a uuid")).await;
            for path in PATHS {
                let (table, id) = if path.contains("/accounts") { ("accounts", &account) } else { ("transactions", &transaction) };
                let edit = browser.get(&format!("/tables/{table}/{id}/edit")).await.value("version").unwrap_or_default();
                let path = path.replace("{transaction}", &transaction).replace("{account}", &account);
                for decision in ["approve", "withdraw", "expire"] {
                    let form = [
                        ("version", edit.as_str()),
                        ("account_id", &account),
                        ("user_id", ""),
                        ("transaction_type", "deposit"),
                        ("amount", "5"),
                        ("status", "completed"),
                        ("processed_at", "2026-01-01T00:00"),
                        ("balance", "999999"),
                        ("created_by", &stock::of("users", "admin")),
                        ("decision", decision),
                        ("seen", &seen),
                        ("digest", &seen),
                        ("reason", "because"),
                        ("selected", &transaction),
                        ("ids", &transaction),
                        ("resolution", "accept"),
                        ("difference", "0"),
                        ("confirm", "yes"),
                    ];
                    // The whole form, and the part of it that is not refused for its other fields.
                    for fields in [&form[..], &form[9..13], &[&form[..1], &form[5..8]].concat()] {
                        let answer = browser.post_with(&path, &token, fields).await;
                        assert!(answer.status < 500, "{username}: {path}: {}", answer.text());
                        assert_eq!(money().await, before, "{username}: {path} with {decision}: {}", answer.status);
                        sent += 1;
                    }
                }
            }
        }
    }
    assert!(sent > 3_000, "{sent}");
    in_order_but_for_the_stock(&client).await;
}

/// The stock is the platform's: what it cancelled has no decision, so it is looked at without it.
async fn in_order_but_for_the_stock(client: &tokio_postgres::Client) {
    client.batch_execute("DELETE FROM transactions WHERE status = 'cancelled'").await.expect("the platform may");
    in_order(client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_only_the_door_writes_are_no_fields_of_a_form() {
    let console = console(stocked_database().await).await;
    let client = console.database.as_owner().await;
    let browser = console.signed_in("admin").await;
    let record = format!("/tables/transactions/{}", stock::of("transactions", "user"));
    let version = browser.get(&format!("{record}/edit")).await.value("version").expect("an edit form has a version");
    let refused = browser.post(&record, &[("version", &version), ("description", "New"), ("status", "completed")]).await;
    let (status, words): (String, String) = {
        let row = client
            .query_one("SELECT status, description FROM transactions WHERE id::text = $1", &[&stock::of("transactions", "user")])
            .await
            .expect("it is there");
        (row.get(0), row.get(1))
    };
    assert_eq!(status, "pending");
    assert!(matches!(refused.status, 303 | 400 | 422), "{}", refused.text());
    assert_eq!(words == "New", refused.status == 303, "either all of it is saved but what is no field, or nothing");
}
