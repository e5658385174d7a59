//! Does the page say how far the log is sealed, to whom it may, and does it find what was altered?

use std::time::{Duration, Instant};

use super::{FIRST, PROOF, SECOND, seal};
use crate::support::{Answer, Browser, Console, console_with, stocked_database};

const VERIFY: &str = "/audit/proof/verify";

async fn opened() -> Console {
    let database = stocked_database().await;
    seal(&database, FIRST).await;
    console_with(database, &[("NEXUS_AUDIT_KEY", FIRST)]).await
}

/// Asks for a verification and waits for what comes of it.
pub async fn verified(browser: &Browser) -> Answer {
    let before = browser.get(PROOF).await.texts("[data-column=verified]");
    let asked = browser.post(VERIFY, &[("decision", "verify")]).await;
    assert_eq!((asked.status, asked.location.as_deref()), (303, Some(PROOF)), "{}", asked.text());
    let since = Instant::now();
    loop {
        let page = browser.get(PROOF).await;
        if !page.text().contains("Load this page again") && page.has("[data-column=verified]") {
            assert!(before.is_empty() || page.texts("[data-column=verdict]").len() == 1);
            return page;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{}", page.text());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_the_log_reads_its_proof_and_what_is_asked_wrongly_is_refused() {
    let console = opened().await;
    let owner = console.database.as_owner().await;
    let entry: String = owner
        .query_one("SELECT entry_id::text FROM audit_leaves WHERE log = 'audit_logs' ORDER BY position LIMIT 1", &[])
        .await
        .expect("sealed")
        .get(0);
    for (role, status) in [("admin", 200), ("manager", 403), ("auditor", 200), ("user", 403), ("viewer", 403)] {
        let browser = console.signed_in(role).await;
        for address in [
            PROOF.to_owned(),
            format!("{PROOF}/checkpoint"),
            format!("{PROOF}/audit_logs/{entry}.proof"),
            format!("{PROOF}/audit_logs/{entry}.jsonl"),
        ] {
            assert_eq!(browser.get(&address).await.status, status, "{role} {address}");
        }
        if status == 403 {
            assert_eq!(browser.post(VERIFY, &[("decision", "verify")]).await.status, 403, "{role}");
        }
        let dashboard = browser.get("/").await;
        assert_eq!(dashboard.attributes("nav#nav a", "href").iter().any(|link| link == PROOF), status == 200, "{role}");
        assert_eq!(dashboard.texts("#seal").join("").contains("Entries sealed: "), role == "auditor", "{role}");
    }
    let auditor = console.signed_in("auditor").await;
    let nil = "00000000-0000-0000-0000-000000000000";
    for (address, status) in [
        (format!("{PROOF}?sort=x"), 400),
        (format!("{PROOF}?before=x"), 400),
        (format!("{PROOF}?before={nil}"), 400),
        (format!("{PROOF}?entry=x"), 400),
        (format!("{PROOF}?entry={nil}&entry={nil}"), 400),
        (format!("{PROOF}/checkpoint?of=x"), 400),
        (format!("{PROOF}/checkpoint?of={nil}"), 404),
        (format!("{PROOF}/checkpoint?size=1"), 400),
        (format!("{PROOF}/audit_logs/{nil}.proof"), 404),
        (format!("{PROOF}/audit_logs/{nil}.jsonl"), 404),
        (format!("{PROOF}/audit_logs/7.proof"), 400),
        (format!("{PROOF}/users/{entry}.proof"), 404),
        (format!("{PROOF}/ssot_audit_logs/{entry}.proof"), 404),
        (format!("{PROOF}/audit_logs/{entry}.exe"), 404),
        (format!("{PROOF}/audit_logs/{entry}.proof?x=1"), 400),
        (VERIFY.to_owned(), 405),
    ] {
        assert_eq!(auditor.get(&address).await.status, status, "{address}");
    }
    assert_eq!(auditor.post(VERIFY, &[("decision", "mend")]).await.status, 422);
    assert_eq!(auditor.post(VERIFY, &[]).await.status, 422);
    assert_eq!(
        owner
            .query_one("SELECT count(*) FROM audit_logs WHERE action = 'log_verification_started'", &[])
            .await
            .expect("the log")
            .get::<_, i64>(0),
        0
    );

    // One entry: sealed, on its record's page, unknown, and waiting while nobody can seal.
    let found = auditor.get(&format!("{PROOF}?entry={entry}")).await;
    assert!(
        found.text().contains("Sealed as number 0")
            && found.attributes("main a", "href").contains(&format!("{PROOF}/audit_logs/{entry}.jsonl")),
        "{}",
        found.text()
    );
    let record = auditor.get(&format!("/tables/audit_logs/{entry}")).await;
    assert!(record.attributes("main .do a", "href").contains(&format!("{PROOF}?entry={entry}")), "{}", record.text());
    assert!(auditor.get(&format!("{PROOF}?entry={nil}")).await.text().contains("No entry of this id is sealed"));
    owner.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('nexus: seal', 0))").await.expect("the sealer's lock");
    console.signed_in("viewer").await;
    let waits: String = owner
        .query_one("SELECT entry_id::text FROM audit_unsealed WHERE log = 'audit_logs' ORDER BY entry_id DESC LIMIT 1", &[])
        .await
        .expect("a login that waits")
        .get(0);
    let refused = auditor.get(&format!("{PROOF}/audit_logs/{waits}.proof")).await;
    assert!(refused.status == 409 && refused.text().contains("waits to be sealed"), "{}", refused.text());
    assert!(auditor.get(&format!("{PROOF}?entry={waits}")).await.text().contains("It waits to be sealed"));
    assert!(!auditor.get(PROOF).await.texts("[data-column=waiting]").join("").contains("None"));
    owner.batch_execute("COMMIT").await.expect("let go");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_runs_behind_the_page_and_what_it_finds_stays() {
    let console = opened().await;
    let auditor = console.signed_in("auditor").await;
    assert!(auditor.get(PROOF).await.text().contains("There has been none yet"));
    let sound = verified(&auditor).await;
    let verdict = sound.texts("[data-column=verdict]").join("");
    assert!(verdict.contains("Nothing was altered or left out") && !sound.has("[data-finding]"), "{}", sound.text());
    assert!(sound.texts("[data-column=verified]").join("").contains("Margit Halvorsen"), "{}", sound.text());
    let rows = sound.texts("tr[data-id] td[data-column=consistency]");
    assert!(!rows.is_empty() && rows.iter().all(|row| row == "Consistent"), "{rows:?}");
    let newest = auditor.get(&format!("{PROOF}/checkpoint")).await;
    assert!(newest.body.starts_with("nexus-console/") && newest.body.contains("\n\u{2014} nexus-console/"), "{}", newest.body);

    let superuser = console.database.as_superuser().await;
    let edited: String = superuser
        .query_one("UPDATE audit_logs SET user_agent = 'nobody' WHERE id = (SELECT entry_id FROM audit_leaves WHERE log = 'audit_logs' ORDER BY position LIMIT 1) RETURNING id::text", &[])
        .await
        .expect("edited")
        .get(0);
    let found = verified(&auditor).await;
    let finding = found.texts("[data-finding=edited]").join("");
    assert!(finding.contains("entry 0 (audit_logs") && finding.contains(&edited), "{}", found.text());
    assert!(found.attributes("[data-finding=edited] a", "href").contains(&format!("/tables/audit_logs/{edited}")));

    // A checkpoint that somebody replaced is told on its own line, and what is signed by nobody we know too.
    superuser
        .execute(
            "UPDATE audit_checkpoints SET root = sha256('x') WHERE id = (SELECT id FROM audit_checkpoints ORDER BY size, id LIMIT 1)",
            &[],
        )
        .await
        .expect("replaced");
    let oldest = auditor.get(PROOF).await.texts("tr[data-id] td[data-column=consistency]").pop().unwrap_or_default();
    assert!(oldest.contains("the database keeps another size or root beside it"), "{oldest}");
    let stranger = console_with(
        console.database.clone(),
        &[("NEXUS_AUDIT_KEY", SECOND), ("NEXUS_DATA_DIR", console.data_dir.join("other").to_str().expect("text"))],
    )
    .await;
    let rows = stranger.signed_in("auditor").await.get(PROOF).await.texts("tr[data-id] td[data-column=consistency]");
    assert!(rows.iter().any(|row| row.contains("signed by a key nobody vouches for")), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_checkpoints_are_told_page_by_page_newest_first() {
    let database = stocked_database().await;
    let owner = database.as_owner().await;
    for _ in 0..24 {
        owner
            .execute("UPDATE ssot_governance_rules SET rule_type = rule_type WHERE rule_name = 'audit_retention'", &[])
            .await
            .expect("a change");
        seal(&database, FIRST).await;
    }
    let console = console_with(database, &[("NEXUS_AUDIT_KEY", FIRST)]).await;
    let auditor = console.signed_in("auditor").await;
    let (mut address, mut sizes) = (PROOF.to_owned(), Vec::new());
    loop {
        let page = auditor.get(&address).await;
        assert!(page.texts("td[data-column=consistency]").iter().all(|row| row == "Consistent"), "{}", page.text());
        sizes.extend(page.texts("tr[data-id] [data-column=size]").iter().map(|size| size.replace(',', "").parse::<u64>().expect("a size")));
        match page.attributes("a[rel=next]", "href").into_iter().next() {
            Some(earlier) => address = earlier,
            None => break,
        }
    }
    assert!(sizes.len() >= 24 && sizes.is_sorted_by(|later, earlier| later >= earlier), "{sizes:?}");
}
