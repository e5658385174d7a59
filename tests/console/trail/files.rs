//! Is a file of the trail exactly its list, recorded before it leaves, and without any secret?

use crate::{
    crawl::{CANARY, fill_odd_rows},
    support::{console, stocked_database},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_the_list_with_every_field_and_no_secret() {
    let database = stocked_database().await;
    fill_odd_rows(&database.as_owner().await).await;
    let console = console(database).await;
    let browser = console.signed_in("auditor").await;
    let asked = "q=table:users,system_settings,api_keys+-action:DELETE";
    let listed = browser.get(&format!("/audit?{asked}")).await.rows();
    let csv = browser.get(&format!("/audit/export.csv?{asked}")).await;
    assert_eq!(csv.status, 200, "{}", csv.text());
    let name = csv.headers["content-disposition"].to_str().expect("text");
    assert!(name.starts_with("attachment; filename=\"audit-trail-20"), "{name}");
    let mut reader = csv::Reader::from_reader(csv.body.as_bytes());
    let heads: Vec<String> = reader.headers().expect("heads").iter().map(str::to_owned).collect();
    let records: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("a whole record")).collect();
    for head in ["id", "log", "created_at", "user_id", "actor_kind", "request_id", "outcome", "old_values", "new_values"] {
        assert!(heads.iter().any(|other| other == head), "{head} of {heads:?}");
    }
    let ids: Vec<&str> = records.iter().map(|record| &record[0]).collect();
    assert!(ids.len() >= listed.len() && ids[..listed.len()] == listed[..], "the page is where the file begins");
    let lines = browser.get(&format!("/audit/export.jsonl?{asked}")).await;
    let objects: Vec<serde_json::Value> = lines.body.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    assert_eq!(objects.iter().map(|object| object["id"].as_str().expect("an id")).collect::<Vec<_>>(), ids);
    let everything = browser.get("/audit/export.jsonl?q=*").await;
    for file in [&csv.body, &lines.body, &everything.body] {
        assert!(!file.contains(CANARY), "{:.400}", &file[file.find(CANARY).unwrap_or_default().saturating_sub(300)..]);
    }
    let client = console.database.as_owner().await;
    let count = "SELECT (SELECT count(*) FROM audit_logs) + (SELECT count(*) FROM ssot_audit_logs)";
    let entries: i64 = client.query_one(count, &[]).await.expect("a count").get(0);
    // The event about the file itself was written before its first byte, after its snapshot.
    assert_eq!(i64::try_from(everything.body.lines().count()).expect("few"), entries - 1);
    let recorded = "SELECT l.new_values ->> 'query', l.new_values ->> 'format', u.username FROM audit_logs l JOIN users u ON u.id = l.user_id WHERE l.action = 'export' ORDER BY l.created_at";
    let rows = client.query(recorded, &[]).await.expect("the log");
    let told: Vec<(String, String, String)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let query = "table:users,system_settings,api_keys -action:DELETE".to_owned();
    let entry = |query: &str, format: &str| (query.to_owned(), format.to_owned(), "auditor".to_owned());
    assert_eq!(told, [entry(&query, "csv"), entry(&query, "jsonl"), entry("*", "jsonl")]);
}
