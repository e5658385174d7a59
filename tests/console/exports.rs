//! Is a file exactly the list, recorded before it leaves, harmless in a spreadsheet, and never cut short unseen?

mod memory;
pub mod workbook;

use std::collections::BTreeSet;

use crate::support::{Browser, Console, console, staffed_database};

const ROWS: &str = "
    INSERT INTO users (username, email, full_name, password_hash, role) VALUES ('=1+1', 'formula@example.com', '+cmd|'' /C calc''!A0', 'canary-hash', 'user');
    INSERT INTO accounts (user_id, account_name, account_number, account_type, currency)
        SELECT id, '@sum, \"quoted\"', 'ACC-1', 'checking', 'EUR' FROM users WHERE username = 'manager';";

const MANY: &str = "
    SET session_replication_role = replica;
    INSERT INTO transactions (account_id, transaction_type, amount, description, reference_number, transaction_date, status)
        SELECT (SELECT id FROM accounts WHERE account_number = 'ACC-1'), 'fee', CASE WHEN i % 10 = 0 THEN -5 ELSE i END,
               CASE WHEN i % 3 = 0 THEN NULL ELSE '-' || repeat('x', $SIZE) END, 'PAY-' || i,
               CASE WHEN i % 7 = 0 THEN NULL ELSE timestamptz '2026-01-01 00:00Z' + i * interval '1 minute' END,
               (ARRAY['pending', 'completed'])[1 + i % 2]
        FROM generate_series(1, $ROWS) i;
    ANALYZE transactions;";

async fn stocked(rows: u32, size: u32) -> Console {
    let database = staffed_database().await;
    let client = database.as_superuser().await;
    client.batch_execute(ROWS).await.expect("rows");
    client.batch_execute(&MANY.replace("$ROWS", &rows.to_string()).replace("$SIZE", &size.to_string())).await.expect("many rows");
    console(database).await
}

/// Texts that no compressor makes small, and no index of their parts, which would take minutes to write.
const HEAVY: &str = "
    SET session_replication_role = replica;
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
                     WHERE i.indrelid = 'transactions'::regclass AND a.amname = 'gin' LOOP
            EXECUTE 'DROP INDEX ' || name;
        END LOOP;
    END $$;
    UPDATE transactions t SET description = (SELECT string_agg(md5(t.id::text || i), '') FROM generate_series(1, 40) i);
    ANALYZE transactions;";

/// More than fits into the buffers on the way to a reader, packed or not.
async fn heavy() -> Console {
    let console = stocked(40_000, 1).await;
    console.database.as_superuser().await.batch_execute(HEAVY).await.expect("heavy rows");
    console
}

fn parsed(csv: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let heads = reader.headers().expect("heads").iter().map(str::to_owned).collect();
    (heads, reader.records().map(|record| record.expect("a whole record").iter().map(str::to_owned).collect()).collect())
}

/// A file whose bytes nobody has read yet.
async fn started(browser: &Browser, path: &str) -> reqwest::Response {
    let cookies = browser.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let request = reqwest::Client::new().get(format!("{}{path}", browser.address())).header("cookie", cookies);
    request.send().await.expect("it begins")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_exactly_the_filtered_list() {
    let console = stocked(4_500, 10).await;
    let browser = console.signed_in("auditor").await;
    let answer = browser.get("/tables/transactions/export.csv?status=pending&limit=5&sort=-transaction_date").await;
    assert_eq!(answer.status, 200);
    let name = answer.headers["content-disposition"].to_str().expect("text");
    assert!(name.starts_with("attachment; filename=\"transactions-20") && name.ends_with(".csv\""), "{name}");
    let (heads, rows) = parsed(&answer.body);
    assert_eq!(heads[0], "id");
    let client = console.database.as_owner().await;
    let expected = client
        .query("SELECT id, amount::text, to_char(transaction_date AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM transactions WHERE status = 'pending' ORDER BY transaction_date DESC NULLS LAST, CASE WHEN transaction_date IS NULL THEN id END, id DESC", &[])
        .await
        .expect("rows");
    assert_eq!(rows.len(), expected.len(), "all of them, not a page");
    let at = |name: &str| heads.iter().position(|head| head == name).expect(name);
    for (row, expected) in rows.iter().zip(&expected) {
        assert_eq!(row[0], expected.get::<_, uuid::Uuid>(0).to_string());
        assert_eq!(row[at("amount")], expected.get::<_, String>(1), "a number stays a number, a negative one too");
        assert_eq!(row[at("transaction_date")], expected.get::<_, Option<String>>(2).unwrap_or_default());
        assert!(row[at("description")].is_empty() || row[at("description")].starts_with("'-x"), "a text is no formula");
    }
    let lines = browser.get("/tables/transactions/export.jsonl?status=pending").await;
    let objects: Vec<serde_json::Value> = lines.body.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let of_lines: BTreeSet<&str> = objects.iter().filter_map(|object| object["id"].as_str()).collect();
    assert_eq!(of_lines, rows.iter().map(|row| row[0].as_str()).collect());
    assert!(lines.body.starts_with("{\"id\":"));
    assert_eq!(objects[0].as_object().expect("an object").len(), heads.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_no_formulas_and_secrets_stay_inside() {
    let console = stocked(1, 1).await;
    let browser = console.signed_in("admin").await;
    let answer = browser.get("/tables/users/export.csv").await;
    assert!(!answer.body.contains("canary-hash") && !answer.body.contains("password_hash"));
    let (heads, rows) = parsed(&answer.body);
    let name = heads.iter().position(|head| head == "username").expect("a user name");
    let full = heads.iter().position(|head| head == "full_name").expect("a full name");
    let row = rows.iter().find(|row| row[name] == "'=1+1").expect("neutralised");
    assert_eq!(row[full], "'+cmd|' /C calc'!A0");
    let accounts = parsed(&browser.get("/tables/accounts/export.csv").await.body).1;
    assert!(accounts[0].contains(&"'@sum, \"quoted\"".to_owned()), "{accounts:?}");
    for table in [
        "accounts",
        "transactions",
        "audit_logs",
        "ssot_audit_logs",
        "system_settings",
        "ssot_api_contracts",
        "ssot_api_aliases",
        "ssot_governance_rules",
        "api_keys",
        "notifications",
    ] {
        for ending in ["csv", "jsonl"] {
            let answer = browser.get(&format!("/tables/{table}/export.{ending}")).await;
            assert_eq!(answer.status, 200, "{table}.{ending}");
            assert!(!answer.body.contains("canary-hash"), "{table}.{ending}");
        }
        let book = browser.get(&format!("/tables/{table}/export.xlsx")).await;
        assert!(!format!("{:?}", workbook::cells(&book, table)).contains("canary-hash"), "{table}.xlsx");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_written_down_before_it_leaves() {
    let console = stocked(3, 1).await;
    let browser = console.signed_in("manager").await;
    for ending in ["csv", "jsonl", "xlsx"] {
        assert_eq!(browser.get(&format!("/tables/transactions/export.{ending}?status=pending&limit=5")).await.status, 200);
    }
    assert_eq!(browser.get("/tables/accounts/export.csv").await.status, 403, "a manager exports transactions and nothing else");
    assert_eq!(browser.get("/tables/transactions/export.csv?bogus=1").await.status, 400);
    assert_eq!(browser.get("/tables/transactions/export.xml").await.status, 404, "no such format");
    let client = console.database.as_owner().await;
    let entries = client
        .query("SELECT new_values->>'table', new_values->>'query', new_values->>'format', jsonb_array_length(new_values->'columns') > 5, u.username FROM audit_logs l JOIN users u ON u.id = l.user_id WHERE action = 'export' ORDER BY l.created_at, l.id", &[])
        .await
        .expect("entries");
    assert_eq!(entries.len(), 3, "refused ones are no exports");
    for (entry, ending) in entries.iter().zip(["csv", "jsonl", "xlsx"]) {
        let of = |index: usize| entry.get::<_, String>(index);
        assert_eq!((of(0), of(1), of(2), of(4)), ("transactions".into(), "status=pending".into(), ending.into(), "manager".into()));
        assert!(entry.get::<_, bool>(3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_fails_never_looks_whole() {
    let console = heavy().await;
    let browser = console.signed_in("auditor").await;
    for ending in ["csv", "jsonl", "xlsx"] {
        breaks_off(&console, &browser, ending).await;
    }
    // The next one is whole: no connection of the pool was left in a bad state.
    for _ in 0..8 {
        assert_eq!(browser.get("/tables/transactions?limit=1").await.rows().len(), 1);
    }
}

async fn breaks_off(console: &Console, browser: &Browser, ending: &str) {
    let mut response = started(browser, &format!("/tables/transactions/export.{ending}")).await;
    assert_eq!(response.status(), 200);
    let mut file = response.chunk().await.expect("the first rows").expect("the first rows").to_vec();
    let superuser = console.database.as_superuser().await;
    let end_it = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                  AND xact_start < now() - interval '1 s' AND (state = 'idle in transaction' OR wait_event = 'ClientWrite')";
    let mut ended = 0;
    // The buffers on the way fill first; then the snapshot waits for its reader.
    for _ in 0..100 {
        ended = superuser.query(end_it, &[]).await.expect("an answer").len();
        if ended > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(ended, 1, "{ending}: the snapshot waits for its reader");
    let outcome = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => file.extend_from_slice(&chunk),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    assert!(outcome.is_err(), "{ending}: the transfer breaks off");
    assert!(!file.windows(4).any(|bytes| bytes == b"PK\x01\x02"), "{ending}: the archive has no directory");
}
