//! How many rows does each qualifier read, with a common value and a rare one, whatever else is asked?

use nexus_console::{
    audit::trail::{activity, count, driver::Driver, entries, page, place::Position, query::Query, slice::Slice},
    db::value::Timestamp,
};
use uuid::Uuid;

use super::slices::grant_of;
use crate::plans::Meter;

/// A walk through each log, a count of it, the days of the picture, and what stands beside the entries.
const PAGE: i64 = 6 * 5_000;
/// Where one index holds just what is asked for.
const STRAIGHT: i64 = 1_500;

#[tokio::test(flavor = "multi_thread")]
async fn no_search_reads_more_than_a_walk_and_one_qualifier_reads_a_page() {
    let meter = Meter::new().await;
    let (grant, registry) = grant_of(Uuid::nil());
    let first = |texts: Vec<String>| texts.into_iter().next().expect("a value");
    let common = "SELECT u.username FROM audit_logs l JOIN users u ON u.id = l.user_id GROUP BY 1 ORDER BY count(*) DESC LIMIT 1";
    let busy = first(meter.texts(common).await);
    let idle = first(
        meter.texts("SELECT u.username FROM audit_logs l JOIN users u ON u.id = l.user_id GROUP BY 1 ORDER BY count(*), 1 LIMIT 1").await,
    );
    let record = first(
        meter.texts("SELECT entity_id::text FROM audit_logs WHERE entity_type <> 'event' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1").await,
    );
    let nil = Uuid::nil();
    let oldest = first(meter.texts("SELECT to_char(min(created_at), 'YYYY-MM-DD') FROM audit_logs").await);
    let request = first(meter.texts("SELECT request_id FROM audit_details WHERE request_id IS NOT NULL ORDER BY entry_id LIMIT 1").await);
    let straight = [
        "*".to_owned(),
        format!("actor:{busy}"),
        format!("actor:{idle}"),
        "action:update".to_owned(),
        "action:permission_refused".to_owned(),
        "action:nothing".to_owned(),
        "table:transactions".to_owned(),
        "table:event,users".to_owned(),
        format!("record:{record}"),
        format!("record:{nil}"),
        format!("from:{oldest} to:{oldest}"),
        format!("to:{oldest}"),
        "context:console".to_owned(),
        "ip:198.51.100.20".to_owned(),
    ];
    let walked = [
        "-action:log_read".to_owned(),
        format!("from:{oldest} -action:log_read"),
        format!("actor:{busy} table:users action:permission_refused"),
        format!("actor:{idle} -table:event"),
        "actor:db:nexus_platform".to_owned(),
        "actor:system:nothing".to_owned(),
        format!("request:{request}"),
        "request:none".to_owned(),
        "outcome:failed".to_owned(),
        "outcome:refused".to_owned(),
        "outcome:ok".to_owned(),
        "review:open".to_owned(),
        "-review:open".to_owned(),
        "review:reviewed -table:users".to_owned(),
        "review:question".to_owned(),
        "review:finding".to_owned(),
        "review:question,finding".to_owned(),
        "-review:finding".to_owned(),
        "ip:198.51.100.0/24".to_owned(),
        "ip:192.0.2.0/24".to_owned(),
        "field:status".to_owned(),
        "field:nothing".to_owned(),
        "table:transactions zanzibar".to_owned(),
        "table:users action:update -field:is_verified".to_owned(),
    ];
    let mut excesses = Vec::new();
    for (text, most) in straight.iter().map(|text| (text, STRAIGHT)).chain(walked.iter().map(|text| (text, PAGE))) {
        let query = Query::parse(text, chrono_tz::Tz::UTC).unwrap_or_else(|error| panic!("{text}: {error}"));
        let slice = Slice::of(&meter.pages, &query, nil).await.expect("known");
        meter.total_read().await;
        let (found, driver) = meter.rows_read(Box::pin(Driver::of(&meter.pages, grant, slice))).await;
        let driver = driver.expect("a way");
        let (read, first) = meter.rows_read(Box::pin(page::read(&meter.pages, grant, &registry, &driver, Position::First, 50))).await;
        let first = first.expect("a page");
        let (told, _) = meter.rows_read(Box::pin(entries::at(&meter.pages, grant, &registry, &first.places))).await;
        let (next, _) = match first.next {
            Some(place) => meter.rows_read(Box::pin(page::read(&meter.pages, grant, &registry, &driver, Position::After(place), 50))).await,
            None => (0, Ok(page::Page::default())),
        };
        for (what, rows) in [("finding a way", found), ("the first page", read), ("its entries", told), ("the next page", next)] {
            let most = if what == "finding a way" || what == "its entries" { PAGE } else { most };
            if rows > most {
                excesses.push(format!("{rows:>8} rows for {what} of {text}"));
            }
        }
        let (counted, _) = meter.rows_read(Box::pin(count::count(&meter.pages, grant, &driver))).await;
        let now = Timestamp::from(chrono::Utc::now()).microseconds();
        let day = |back: i64| Timestamp::from_microseconds(now - back * 86_400_000_000).expect("a moment");
        let days: Vec<_> = (0..30).map(|back| (day(30 - back), day(29 - back))).collect();
        let (drawn, _) = meter.rows_read(Box::pin(activity::a_day(&meter.pages, grant, &driver, &days))).await;
        for (what, rows, most) in [("the count", counted, PAGE), ("the picture", drawn, 3 * PAGE)] {
            if rows > most {
                excesses.push(format!("{rows:>8} rows for {what} of {text}"));
            }
        }
    }
    assert!(excesses.is_empty(), "\n{}", excesses.join("\n"));
}
