//! Does a workbook open, and say cell by cell what the CSV says?

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};

use super::{parsed, stocked};
use crate::support::{Answer, Browser, Console, console, stocked_database};

type Book = Xlsx<Cursor<Vec<u8>>>;

fn book(answer: &Answer) -> Book {
    assert_eq!(answer.status, 200, "{}", answer.text());
    open_workbook_from_rs(Cursor::new(answer.bytes.clone())).expect("a workbook")
}

/// The rows of the one sheet, its heads first.
pub fn cells(answer: &Answer, table: &str) -> Vec<Vec<Data>> {
    let mut book = book(answer);
    assert_eq!(book.sheet_names(), [table]);
    book.worksheet_range(table).expect("the sheet").rows().map(<[Data]>::to_vec).collect()
}

/// What a spreadsheet would run.
pub fn formulas(answer: &Answer, table: &str) -> Vec<String> {
    let formulas = book(answer).worksheet_formula(table).expect("the sheet");
    formulas.cells().map(|cell| cell.2.clone()).filter(|formula| !formula.is_empty()).collect()
}

/// As CSV has it; there a text that could be a formula stands behind a quote.
fn agrees(cell: &Data, csv: &str) -> bool {
    match cell {
        Data::Empty => csv.is_empty(),
        Data::Float(number) => csv.parse() == Ok(*number),
        Data::Bool(truth) => csv == truth.to_string(),
        Data::String(text) => csv == text || csv.strip_prefix('\'') == Some(text),
        other => panic!("{other:?} is no cell of ours"),
    }
}

async fn compared(browser: &Browser, table: &str, query: &str) -> usize {
    let sheet = browser.get(&format!("/tables/{table}/export.csv{query}")).await;
    let answer = browser.get(&format!("/tables/{table}/export.xlsx{query}")).await;
    let (heads, lines) = parsed(&sheet.body);
    let mut rows = cells(&answer, table).into_iter();
    let named: Vec<String> = rows.next().expect("heads").iter().map(ToString::to_string).collect();
    assert_eq!(named, heads, "{table}");
    let rows: Vec<_> = rows.collect();
    // The log has one entry more by now: of the export before.
    let shift = rows.len() - lines.len();
    assert!(shift <= usize::from(table == "audit_logs"), "{table}: {} rows and {} lines", rows.len(), lines.len());
    for (row, line) in rows.iter().skip(shift).zip(&lines) {
        for ((cell, csv), head) in row.iter().zip(line).zip(&heads) {
            assert!(agrees(cell, csv), "{table}.{head}: {cell:?} in the workbook, {csv:?} in the CSV");
        }
    }
    assert!(formulas(&answer, table).is_empty(), "{table}");
    lines.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_of_every_table_is_that_of_the_csv() {
    let console = console(stocked_database().await).await;
    let admin = console.signed_in("admin").await;
    let may_export = |table: &str| super::super::grid::allows(table, "xlsx", "admin");
    for resource in nexus_console::tables::TABLES.iter().filter(|resource| may_export(resource.table)) {
        assert!(compared(&admin, resource.table, "").await > 0, "{} has rows", resource.table);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_the_filtered_list_with_amounts_as_numbers() {
    let console = stocked(700, 10).await;
    let browser = console.signed_in("auditor").await;
    let query = "?status=pending&limit=5&sort=-transaction_date";
    assert_eq!(compared(&browser, "transactions", query).await, 350);
    let answer = browser.get(&format!("/tables/transactions/export.xlsx{query}")).await;
    let name = answer.headers["content-disposition"].to_str().expect("text");
    assert!(name.starts_with("attachment; filename=\"transactions-20") && name.ends_with(".xlsx\""), "{name}");
    let rows = cells(&answer, "transactions");
    let amount = rows[0].iter().position(|head| *head == Data::String("amount".to_owned())).expect("amounts");
    assert!(rows[1..].iter().all(|row| matches!(row[amount], Data::Float(_))));
}

const ODD: &str = "
    SET session_replication_role = replica;
    INSERT INTO transactions (account_id, transaction_type, amount, description, reference_number, transaction_date)
        SELECT (SELECT id FROM accounts WHERE account_number = 'ACC-1'), 'fee', odd.amount, odd.description, 'ODD', odd.day
        FROM (VALUES
            ('NaN'::numeric, NULL, 'infinity'::timestamptz),
            (-9999999999999.99, '', '-infinity'),
            (9999999999999.99, '=1+1', '200000-01-01 00:00Z'),
            (0.01, '<c t=\"str\"><f>1+1</f></c> & ]]>', '2026-01-01 00:00:00.123456Z'),
            (1, E'\\x01 \\x0b \\x1f', NULL),
            (2, '_x0041_ is no letter', '0001-01-01 00:00Z'),
            (3, E'\\u202eevil\\u202c \\u0645\\u0631\\u062d\\u0628\\u0627', NULL),
            (4, E'two\\r\\nlines\\tand a tab', NULL),
            (5, '  spaces at both ends  ', NULL),
            (6, '+44 20 7946', NULL)) odd(amount, description, day);";

#[tokio::test(flavor = "multi_thread")]
async fn odd_values_are_what_they_are() {
    let console = stocked(0, 1).await;
    console.database.as_superuser().await.batch_execute(ODD).await.expect("odd rows");
    let browser = console.signed_in("auditor").await;
    assert_eq!(compared(&browser, "transactions", "").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_too_long_for_a_cell_says_that_it_was_cut() {
    let console = stocked(1, 200_000).await;
    let client = console.database.as_superuser().await;
    client.batch_execute("UPDATE transactions SET description = repeat('ab', 100000)").await.expect("a long text");
    let browser = console.signed_in("auditor").await;
    let rows = cells(&browser.get("/tables/transactions/export.xlsx").await, "transactions");
    let text = rows[1].iter().map(ToString::to_string).find(|cell| cell.starts_with("abab")).expect("the text");
    assert_eq!(text.encode_utf16().count(), 32_767);
    assert!(text.contains("cut") && text.contains("200000 characters") && text.contains("CSV"), "{}", &text[32_600..]);
    assert!(browser.get("/tables/transactions/export.csv").await.body.contains(&"ab".repeat(100_000)), "the CSV has all of it");
}

/// One row more than a sheet holds below its heads.
const TOO_MANY: &str = "
    SET session_replication_role = replica;
    ALTER TABLE notifications SET UNLOGGED;
    INSERT INTO notifications (id, user_id, title, message, notification_type)
        SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, u.id, 'Notice', CASE WHEN i = 1 THEN 'first' ELSE 'more' END, 'info'
        FROM generate_series(1, 1048576) i, (SELECT id FROM users WHERE username = 'admin') u;";

/// Indexes only slow the filling down.
const WITHOUT_INDEXES: &str = "
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'notifications'::regclass AND NOT indisprimary LOOP
            EXECUTE 'DROP INDEX ' || name;
        END LOOP;
    END $$";

#[tokio::test(flavor = "multi_thread")]
async fn more_rows_than_a_sheet_holds_are_refused_before_the_first_byte() {
    let console = stocked(0, 1).await;
    let client = console.database.as_superuser().await;
    client.batch_execute(WITHOUT_INDEXES).await.expect("fewer indexes");
    client.batch_execute(TOO_MANY).await.expect("many rows");
    let browser = console.signed_in("admin").await;
    let refused = browser.get("/tables/notifications/export.xlsx?notification_type=info").await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.texts("title")[0].starts_with("Error:") && refused.text().contains("1,048,575"), "{}", refused.text());
    assert!(refused.has("main a[href='/tables/notifications/export.csv?notification_type=info']"), "it offers CSV");
    assert!(refused.has("main a[href='/tables/notifications?notification_type=info']"), "and the list, to filter it");
    assert_eq!(exports(&console).await, 0, "what was refused is no export");
    // A row less, and it begins.
    client.batch_execute("DELETE FROM notifications WHERE message = 'first'").await.expect("a row less");
    let response = super::started(&browser, "/tables/notifications/export.xlsx?notification_type=info").await;
    assert_eq!(response.status(), 200);
    drop(response);
    assert_eq!(exports(&console).await, 1);
}

async fn exports(console: &Console) -> i64 {
    let client = console.database.as_owner().await;
    client.query_one("SELECT count(*) FROM audit_logs WHERE action = 'export'", &[]).await.expect("a count").get(0)
}
