//! Does a search read about as much of a large table as of a small one?

use nexus_console::{
    auth::{
        actor::{Actor, Preferences},
        grant::Grant,
        policy::{Action, LINES, Policy},
        role::Role,
    },
    resource::{Resource, sought::Sought, statement::Statement},
    tables::{accounts, transactions, users},
};
use tokio_postgres::{Client, types::Type};
use uuid::Uuid;

use crate::support::staffed_database;

/// Far above what any of the searches reads, and a tenth of the table.
const MOST_ROWS: i64 = 20_000;

/// 200,000 transactions: a word in every fourth, one in every hundredth, one in 4,000 old ones alone, one in a single one.
/// Triggers and indexes rest meanwhile; they are what takes the time.
const MANY: &str = "
    SET session_replication_role = replica;
    CREATE TEMP TABLE kept AS SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname LIKE 'nexus\\_%'
        AND tablename IN ('users', 'accounts', 'transactions');
    DO $$ DECLARE one record; BEGIN FOR one IN SELECT * FROM kept LOOP EXECUTE format('DROP INDEX public.%I', one.indexname); END LOOP; END $$;
    INSERT INTO users (id, username, email, full_name, password_hash, role)
        SELECT md5('u' || i)::uuid, 'user' || i, 'user' || i || '@example.com', 'Person number ' || i, '!', 'user' FROM generate_series(1, 2000) i;
    INSERT INTO accounts (id, user_id, account_name, account_number, account_type, currency)
        SELECT md5('a' || i)::uuid, md5('u' || (1 + i % 2000))::uuid, 'Account number ' || i, 'ACC-' || i, 'checking', 'EUR'
        FROM generate_series(1, 10000) i;
    INSERT INTO transactions (id, account_id, transaction_type, amount, reference_number, transaction_date, status, description)
        SELECT md5('t' || i)::uuid, md5('a' || (1 + i % 10000))::uuid, 'deposit', i % 1000, 'PAY-' || i, timestamptz '2026-01-01 00:00Z' + i * interval '1 minute',
               'completed', 'Payment week ' || i % 52 || CASE WHEN i % 4 = 0 THEN ' settlement' ELSE '' END
               || CASE WHEN i % 100 = 0 THEN ' surcharge' ELSE '' END || CASE WHEN i < 160000 AND i % 40 = 0 THEN ' legacy' ELSE '' END
               || CASE WHEN i = 77777 THEN ' zanzibar' ELSE '' END
        FROM generate_series(1, 200000) i;
    DO $$ DECLARE one record; BEGIN FOR one IN SELECT * FROM kept LOOP EXECUTE one.indexdef; END LOOP; END $$;
    ANALYZE users; ANALYZE accounts; ANALYZE transactions;";

fn grant(resource: &'static Resource, role: Role, id: Uuid) -> Grant {
    let nobody = String::new;
    let actor = Actor::new(id, nobody(), nobody(), nobody(), Some(role), Uuid::nil(), Preferences::default(), Policy(LINES));
    actor.authorize(Action::Read, resource).expect("the role reads it")
}

/// How many rows came out of the plan's scans or were looked at in vain.
fn read(plan: &serde_json::Value) -> i64 {
    let number = |name: &str| plan[name].as_f64().unwrap_or(0.0);
    let is_scan = plan["Node Type"].as_str().is_some_and(|node| node.ends_with("Scan") && !node.starts_with("CTE") && !node.starts_with("Subquery"));
    let rows = number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
    let here = if is_scan { (rows * number("Actual Loops")) as i64 } else { 0 };
    here + plan["Plans"].as_array().into_iter().flatten().map(read).sum::<i64>()
}

async fn explained(client: &Client, grant: &Grant, text: &str) -> serde_json::Value {
    let columns: Vec<_> = grant.resource().listed().collect();
    let statement = Statement::found(grant, &columns, &Sought::of(text), 6);
    let parameters: Vec<_> = statement.parameters().iter().map(|value| (value as _, value.sql_type())).collect();
    let parameters: Vec<(&(dyn tokio_postgres::types::ToSql + Sync), Type)> = parameters;
    let rows = client.query_typed(&format!("EXPLAIN (ANALYZE, FORMAT JSON) {}", statement.text()), &parameters).await.expect("a plan");
    rows[0].get::<_, serde_json::Value>(0)[0]["Plan"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_search_reads_the_table() {
    let database = staffed_database().await;
    let client = database.as_superuser().await;
    client.batch_execute(MANY).await.expect("many rows");
    let of_somebody: Uuid = client.query_one("SELECT md5('u7')::uuid", &[]).await.expect("an id").get(0);
    let mut wrong = Vec::new();
    for resource in [&users::RESOURCE, &accounts::RESOURCE, &transactions::RESOURCE] {
        let mut grants = vec![grant(resource, Role::Admin, Uuid::nil())];
        if resource.table != "users" {
            grants.push(grant(resource, Role::User, of_somebody));
        }
        for grant in grants {
            for text in [
                "settlement",
                "surcharge",
                "legacy",
                "zanzibar",
                "nowhere to be found",
                "settlement zanzibar",
                "settlement surcharge",
                "PAY-77777",
                "ACC-777",
                "week 7",
                "Person number 7",
                "pa",
                "a",
                "00000000-0000-0000-0000-000000000000",
            ] {
                let plan = explained(&client, &grant, text).await;
                let rows = read(&plan);
                if rows > MOST_ROWS {
                    wrong.push(format!("{} {:?} {text}: {rows} rows\n{plan:#}", resource.table, grant.rows()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The measure itself: without the index the rare word costs the table.
    client.batch_execute("DROP INDEX nexus_transactions_search").await.expect("no index");
    let plan = explained(&client, &grant(&transactions::RESOURCE, Role::Admin, Uuid::nil()), "zanzibar").await;
    assert!(read(&plan) > MOST_ROWS, "{plan:#}");
}
