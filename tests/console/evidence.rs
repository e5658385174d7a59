//! Does a pack of evidence hold what it says, the same again each time, and nothing secret?

use std::{collections::BTreeMap, io::Read as _};

use nexus_console::audit::evidence::Sample;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::support::{Browser, Console, console, staffed_database};

const PACK: &str = "/audit/evidence/pack.zip";

/// The members of an archive by name, as its directory has them.
fn unzipped(zip: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let number = |at: usize, width: usize| zip[at..at + width].iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
    let end = zip.windows(4).rposition(|bytes| bytes == b"PK\x05\x06").expect("an archive");
    let mut at = number(end + 16, 4);
    let mut members = BTreeMap::new();
    for _ in 0..number(end + 10, 2) {
        let (packed, plain, name, local) = (number(at + 20, 4), number(at + 24, 4), number(at + 28, 2), number(at + 42, 4));
        assert_eq!(number(at + 12, 4), 0x21_0000, "no clock in the archive");
        let start = local + 30 + number(local + 26, 2) + number(local + 28, 2);
        let mut content = Vec::new();
        flate2::read::DeflateDecoder::new(&zip[start..start + packed]).read_to_end(&mut content).expect("it is deflated");
        assert_eq!(content.len(), plain);
        members.insert(String::from_utf8(zip[at + 46..at + 46 + name].to_vec()).expect("a name"), content);
        at += 46 + name + number(at + 30, 2) + number(at + 32, 2);
    }
    members
}

async fn pack(browser: &Browser, query: &str) -> BTreeMap<String, Vec<u8>> {
    let answer = browser.get(&format!("{PACK}?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    assert_eq!(answer.headers["content-type"], "application/zip");
    unzipped(&answer.bytes)
}

fn text<'p>(pack: &'p BTreeMap<String, Vec<u8>>, name: &str) -> &'p str {
    std::str::from_utf8(pack.get(name).unwrap_or_else(|| panic!("no {name} among {:?}", pack.keys()))).expect("text")
}

fn manifest(pack: &BTreeMap<String, Vec<u8>>) -> Value {
    serde_json::from_str(text(pack, "manifest.json")).expect("a document")
}

/// Entries of a month that is over: of every table that holds secrets, as an old console and as this one wrote them.
const JANUARY: &str = "\
INSERT INTO audit_logs (id, entity_type, entity_id, action, old_values, new_values, created_at) \
SELECT public.nexus_uuid7(), t.name, public.nexus_uuid7(), CASE WHEN i % 2 = 0 THEN 'UPDATE' ELSE 'insert' END, t.row, t.row || '{\"role\": \"admin\"}', \
       timestamptz '2026-01-05 00:00Z' + i * interval '1 hour' \
  FROM generate_series(0, 99) i JOIN (VALUES \
       (0, 'users', '{\"password_hash\": \"canary-1\", \"nested\": {\"password_hash\": \"canary-2\"}, \"username\": \"=1+1\"}'::jsonb), \
       (1, 'api_keys', '{\"key_hash\": \"canary-3\", \"key_name\": \"a\"}'), \
       (2, 'system_settings', '{\"setting_key\": \"k\", \"setting_value\": \"canary-4\", \"is_encrypted\": true}'), \
       (3, 'account_limits', '{\"token_hash\": \"canary-5\", \"limit\": 7}')) AS t(kind, name, row) ON t.kind = i % 4; \
INSERT INTO audit_logs (id, entity_type, entity_id, action, new_values, created_at) \
VALUES (public.nexus_uuid7(), 'event', '00000000-0000-0000-0000-000000000000', 'login_failed', '\"a scalar\"', timestamptz '2026-01-31 23:59:59.5Z'), \
       (public.nexus_uuid7(), 'event', '00000000-0000-0000-0000-000000000000', 'login_failed', '{\"username\": \"x\"}', timestamptz '2026-02-01 00:00Z'), \
       (public.nexus_uuid7(), 'event', '00000000-0000-0000-0000-000000000000', 'login_failed', NULL, 'infinity'), \
       (public.nexus_uuid7(), 'event', '00000000-0000-0000-0000-000000000000', 'login_failed', NULL, NULL);";

async fn archived() -> Console {
    let database = staffed_database().await;
    let superuser = database.as_superuser().await;
    superuser.batch_execute(JANUARY).await.expect("old entries");
    superuser
        .batch_execute("DELETE FROM audit_details d WHERE d.entry_id IN (SELECT l.id FROM audit_logs l WHERE l.created_at < '2026-02-01')")
        .await
        .expect("as an old console left them");
    console(database).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_period_gives_the_same_files_and_each_can_be_checked() {
    let console = archived().await;
    let auditor = console.signed_in("auditor").await;
    let query = "control=privileged-changes&from=2026-01-01&to=2026-01-31&sample=7&seed=quarter-1";
    let (first, second) = (pack(&auditor, query).await, pack(&console.signed_in("admin").await, query).await);
    for (name, content) in &first {
        assert!(name == "manifest.json" || second.get(name) == Some(content), "{name} differs");
    }
    let (one, other) = (manifest(&first), manifest(&second));
    assert_eq!(one["pack"], other["pack"]);
    assert_eq!(
        (&one["made"]["by"], &other["made"]["by"], &one["made"]["period_is_over"]),
        (&"auditor".into(), &"admin".into(), &true.into())
    );

    // Every file is in the manifest and in the sums with its own digest, and the digest of the sums is the pack's.
    let sums = text(&first, "SHA256SUMS");
    assert_eq!(one["pack"]["digest"], hex::encode(Sha256::digest(sums)));
    let listed: BTreeMap<&str, &str> = one["pack"]["files"]
        .as_array()
        .expect("files")
        .iter()
        .map(|file| (file["name"].as_str().expect("a name"), file["sha256"].as_str().expect("a sum")))
        .collect();
    for (name, content) in first.iter().filter(|(name, _)| *name != "manifest.json") {
        assert_eq!(listed[name.as_str()], hex::encode(Sha256::digest(content)), "{name}");
        assert!(name == "SHA256SUMS" || sums.contains(&format!("{}  {name}\n", listed[name.as_str()])), "{name}");
    }
    assert_eq!(listed.len(), first.len() - 1);

    // The rows are those of the query, in the same order in both formats.
    let lines: Vec<Value> = text(&first, "changes.jsonl").lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let mut reader = csv::Reader::from_reader(text(&first, "changes.csv").as_bytes());
    let ids: Vec<String> = reader.records().map(|line| line.expect("a line")[1].to_owned()).collect();
    assert_eq!(ids, lines.iter().map(|line| line["id"].as_str().expect("an id")).collect::<Vec<_>>());
    assert_eq!(lines.len(), 100);
    assert_eq!(one["pack"]["population"], 100);
    assert!(text(&first, "query.sql").contains("l.entity_type IN ('system_settings'"));
    assert!(text(&first, "parameters.json").contains("\"2026-02-01T00:00:00Z\""));
    assert!(!text(&first, "proof.txt").is_empty());

    // The sample is what anybody draws who reads how.
    let drawn: Vec<Value> = text(&first, "sample.jsonl").lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let positions: Vec<u64> = drawn.iter().map(|line| line["position"].as_u64().expect("a position")).collect();
    let expected = Sample { size: 7, seed: "quarter-1".to_owned() }.draw(100);
    assert_eq!(positions, expected.into_iter().collect::<Vec<_>>());
    assert!(drawn.iter().zip(&positions).all(|(line, position)| line["id"] == lines[usize::try_from(*position).expect("small")]["id"]));
    let another = pack(&auditor, &query.replace("quarter-1", "quarter-2")).await;
    assert_ne!(another["sample.csv"], first["sample.csv"]);
    assert_eq!(another["changes.csv"], first["changes.csv"]);

    // What is secret is nowhere, in neither format.
    for (name, content) in &first {
        assert!(!String::from_utf8_lossy(content).contains("canary"), "{name}");
    }
    assert!(text(&first, "changes.jsonl").contains("not shown") && text(&first, "changes.jsonl").contains("\"limit\":7"));

    // Each pack is told of, before it leaves, with its digest; the page lists it.
    let owner = console.database.as_owner().await;
    let told = "SELECT count(*), count(DISTINCT new_values ->> 'digest') FROM audit_logs WHERE action = 'evidence_made'";
    let told = owner.query_one(told, &[]).await.expect("the log");
    assert_eq!((told.get::<_, i64>(0), told.get::<_, i64>(1)), (3, 2));
    assert!(auditor.get("/audit/evidence").await.text().contains(one["pack"]["digest"].as_str().expect("a digest")));
    // Whatever cannot be written down does not leave.
    owner
        .batch_execute(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$; \
        CREATE TRIGGER no BEFORE INSERT ON audit_logs FOR EACH ROW WHEN (NEW.action = 'evidence_made') EXECUTE FUNCTION no()",
        )
        .await
        .expect("a trigger");
    let refused = auditor.get(&format!("{PACK}?{query}")).await;
    assert!(refused.status == 500 && !refused.bytes.starts_with(b"PK"), "{}", refused.status);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_control_has_its_rows_and_a_day_is_whole_in_the_zone_of_whoever_asks() {
    let console = archived().await;
    let auditor = console.signed_in("auditor").await;
    let owner = console.database.as_owner().await;
    let user: uuid::Uuid = owner.query_one("SELECT id FROM users WHERE username = 'admin'", &[]).await.expect("a user").get(0);
    owner.batch_execute(&format!("\
        INSERT INTO access_reviews (id, scope, title, started_by, started_by_name, started_at) VALUES ('{user}', 'privileged', 'January', '{user}', 'admin', '2026-01-02 00:00Z'); \
        UPDATE access_review_verdicts SET verdict = 'keep', decided_by = '{user}', decided_by_name = 'admin', decided_at = '2026-01-03 00:00Z' WHERE username = 'auditor'; \
        UPDATE access_reviews SET closed_by = '{user}', closed_by_name = 'admin', closed_at = '2026-01-04 00:00Z', undecided = 3; \
        INSERT INTO transaction_approvals (transaction_id, decider, decision, statement, digest, decided_at) VALUES ('{user}', '{user}', 'approve', 'as seen', 'd', '2026-01-09 12:00Z'); \
        INSERT INTO entry_annotations (log, entry_id, kind, body, created_by, created_by_name, created_at) VALUES ('audit_logs', '{user}', 'finding', 'Late', '{user}', 'admin', '2026-01-09 12:00Z')"
    )).await.expect("a month's work");
    let month = "from=2026-01-01&to=2026-01-31";
    for (control, file, rows, word) in [
        ("access-review", "verdicts.jsonl", 4, "undecided"),
        ("access-review", "grants.jsonl", 25, "admin"),
        ("approvals", "decisions.jsonl", 1, "as seen"),
        ("failed-access", "refusals.jsonl", 1, "login_failed"),
        ("integrity", "annotations.jsonl", 1, "Late"),
        ("integrity", "days.jsonl", 6, "without_details"),
    ] {
        let pack = pack(&auditor, &format!("control={control}&{month}")).await;
        let lines = text(&pack, file);
        assert_eq!(lines.lines().count(), rows, "{control} {file}: {lines}");
        assert!(lines.contains(word), "{control} {file}: {lines}");
        assert!(!pack.contains_key("sample.csv"));
    }
    // In Auckland January ends thirteen hours earlier, and February begins there.
    owner
        .execute(
            "INSERT INTO console_preferences (user_id, time_zone) SELECT id, 'Pacific/Auckland' FROM users WHERE username = 'auditor'",
            &[],
        )
        .await
        .expect("a zone");
    let pack = pack(&auditor, &format!("control=failed-access&{month}")).await;
    assert_eq!(text(&pack, "refusals.jsonl"), "");
    assert!(text(&pack, "parameters.json").contains("2026-01-31T11:00:00Z"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_wrongly_is_said_at_its_field() {
    let console = archived().await;
    let auditor = console.signed_in("auditor").await;
    let sound = "control=approvals&from=2026-01-01&to=2026-01-31";
    for (query, column) in [
        ("control=nothing&from=2026-01-01&to=2026-01-31".to_owned(), "control"),
        ("control=approvals&from=yesterday&to=2026-01-31".to_owned(), "from"),
        ("control=approvals&from=2026-01-31&to=2026-01-01".to_owned(), "to"),
        (format!("{sound}&sample=1001&seed=a"), "sample"),
        (format!("{sound}&sample=-1&seed=a"), "sample"),
        (format!("{sound}&sample=5"), "seed"),
        (format!("{sound}&sample=5&seed=a%20b"), "seed"),
    ] {
        let answer = auditor.get(&format!("{PACK}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(
            answer.has(&format!("#{column}-error")) && answer.has(&format!("#errors a[href='#{column}']")),
            "{query}: {}",
            answer.text()
        );
    }
    assert_eq!(
        auditor.get(&format!("{PACK}?{sound}&sample=7")).await.value("from").as_deref(),
        Some("2026-01-01"),
        "what was typed is kept"
    );
    for query in [format!("{sound}&limit=5"), format!("{sound}&from=2026-01-02")] {
        assert_eq!(auditor.get(&format!("{PACK}?{query}")).await.status, 400, "{query}");
    }
    let owner = console.database.as_owner().await;
    let many = "INSERT INTO transaction_approvals (transaction_id, decision, decided_at) SELECT gen_random_uuid(), 'approve', '2026-01-09' FROM generate_series(1, 50001)";
    owner.batch_execute(&format!("ALTER TABLE transaction_approvals DISABLE TRIGGER USER; {many}")).await.expect("very many");
    let answer = auditor.get(&format!("{PACK}?{sound}")).await;
    assert!(answer.status == 400 && answer.text().contains("choose a shorter one"), "{}", answer.text());
    let told: i64 = owner.query_one("SELECT count(*) FROM audit_logs WHERE action = 'evidence_made'", &[]).await.expect("the log").get(0);
    assert_eq!(told, 0);
    for role in ["manager", "user", "viewer"] {
        assert_eq!(console.signed_in(role).await.get(&format!("{PACK}?{sound}")).await.status, 403, "{role}");
    }
}
