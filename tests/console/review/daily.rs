//! Is what nobody has looked at in the queue, and nothing else, and does nobody review what they did themselves?

use nexus_console::audit::review::State;
use uuid::Uuid;

use super::Office;
use crate::support::Browser;

const QUEUE: &str = "/audit/reviews";

fn annotate(entry: Uuid) -> String {
    format!("/tables/audit_logs/{entry}/annotate")
}

/// Whether an entry is in a state, as a search of the trail asks it.
async fn is(office: &Office, state: State, entry: Uuid) -> bool {
    let statement = format!(
        "SELECT EXISTS (SELECT FROM (SELECT 'audit_logs'::text AS log, l.id, l.created_at, l.user_id::text AS user_id FROM audit_logs l) e WHERE e.id = $1 AND {})",
        state.condition()
    );
    office.owner.query_one(&statement, &[&entry]).await.unwrap_or_else(|error| panic!("{statement}: {error}")).get(0)
}

/// Every id of the queue, page after page.
async fn queue(browser: &Browser) -> Vec<String> {
    let mut ids = Vec::new();
    let mut page = browser.get(QUEUE).await;
    loop {
        assert_eq!(page.status, 200, "{}", page.text());
        ids.extend(page.rows());
        match page.attributes("a[rel=next]", "href").first() {
            Some(next) => page = browser.get(next).await,
            None => return ids,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_open_until_somebody_else_has_looked_at_it() {
    let office = Office::open().await;
    let (auditor, admin) = (office.console.signed_in("auditor").await, office.console.signed_in("admin").await);
    let [old, middle, own, late] = [
        office.entry("manager", 50).await,
        office.entry("user", 40).await,
        office.entry("admin", 30).await,
        office.entry("manager", 20).await,
    ];
    let has = |ids: &[String], entry: Uuid| ids.contains(&entry.to_string());

    let open = queue(&auditor).await;
    assert!([old, middle, own, late].into_iter().all(|entry| has(&open, entry)), "{open:?}");
    let place = |entry: Uuid| open.iter().position(|id| *id == entry.to_string());
    assert!(place(old) < place(middle) && place(own) < place(late), "the oldest first");

    // A question leaves it open, a finding does not; both stand beside the entry.
    for (kind, body, entry) in [("question", "Why twice?", old), ("finding", "<b>Wrong</b> limit", middle)] {
        let answer = auditor.post(&annotate(entry), &[("kind", kind), ("body", body)]).await;
        assert_eq!((answer.status, answer.location), (303, Some(format!("/tables/audit_logs/{entry}"))));
        let page = auditor.get(&format!("/tables/audit_logs/{entry}")).await.text();
        assert!(page.contains(body) && page.contains("by auditor"), "{page}");
    }
    let open = queue(&auditor).await;
    assert!(has(&open, old) && !has(&open, middle));
    let said = "SELECT id FROM audit_logs WHERE entity_type = 'entry_annotations'";
    let said: Vec<Uuid> = office.owner.query(said, &[]).await.expect("entries").iter().map(|row| row.get(0)).collect();
    assert!(said.len() == 2 && !said.iter().any(|entry| has(&open, *entry)), "reviewing gives nobody more to review");
    assert!(is(&office, State::Question, old).await && is(&office, State::Open, old).await && !is(&office, State::Reviewed, old).await);
    assert!(
        is(&office, State::Finding, middle).await && is(&office, State::Reviewed, middle).await && !is(&office, State::Open, middle).await
    );
    let page = auditor.get(QUEUE).await.text();
    assert!(page.contains("Why twice?") && page.contains("<b>Wrong</b> limit"), "{page}");

    // On the trail the same stands beside the entry, with the way to say more, and is found by it.
    for (asked, entry, said) in [("review:finding", middle, "Finding by auditor, "), ("review:question", old, "Question by auditor, ")] {
        let page = auditor.get(&format!("/audit?q={asked}")).await;
        assert_eq!(page.rows(), [entry.to_string()], "{asked}");
        let notes = page.texts(&format!("li[data-id='{entry}'] > .note"));
        assert!(notes.len() == 1 && notes[0].replace(" ,", ",").starts_with(said), "{notes:?}");
        let more = format!("/tables/audit_logs/{entry}/annotate?return=%2Faudit%3Fq%3D{}", asked.replace(':', "%3A"));
        assert!(page.attributes("li .meta a", "href").contains(&more), "{:?}", page.attributes("li .meta a", "href"));
        assert_eq!(auditor.get(&more).await.status, 200);
    }
    let trail = auditor.get("/audit?q=table:users").await;
    assert!(trail.has(&format!("li[data-id='{late}']")) && !trail.has(&format!("li[data-id='{late}'] > .note")), "only beside its entry");

    // An administrator's own entry is theirs to nobody but others, alone and in a set.
    assert!(admin.get(&annotate(own)).await.text().contains("what you did yourself"));
    assert_eq!(admin.post(&annotate(own), &[("kind", "reviewed")]).await.status, 403);
    let set = [("selected", format!("audit_logs:{late}")), ("selected", format!("audit_logs:{own}")), ("kind", "reviewed".to_owned())];
    let set: Vec<(&str, &str)> = set.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = admin.post("/audit/selected", &set).await;
    assert!(
        refused.status == 403 && refused.text().contains(&own.to_string()) && !refused.text().contains(&late.to_string()),
        "{}",
        refused.text()
    );
    assert_eq!(office.count("SELECT count(*) FROM entry_annotations").await, 2, "all of a set or nothing");
    assert_eq!(auditor.post("/audit/selected", &set).await.status, 303);
    let open = queue(&auditor).await;
    assert!(!has(&open, late) && !has(&open, own));

    // Each annotation and each mark is itself in the trail, by whoever made it.
    let told = "SELECT count(*) FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id WHERE l.entity_type = 'entry_annotations' AND d.actor_name = 'auditor'";
    assert_eq!(office.count(told).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn reviewed_to_here_ends_the_job_but_not_for_an_administrators_own_entries() {
    let office = Office::open().await;
    let (auditor, admin) = (office.console.signed_in("auditor").await, office.console.signed_in("admin").await);
    let [own, first, here] = [office.entry("admin", 30).await, office.entry("user", 20).await, office.entry("manager", 10).await];
    let later = office.entry("user", 5).await;
    let entry = format!("audit_logs:{here}");
    let said = admin.post(QUEUE, &[("entry", &entry), ("note", "All quiet")]).await;
    assert_eq!((said.status, said.location.as_deref()), (303, Some(QUEUE)), "{}", said.text());
    let open = queue(&auditor).await;
    assert!(open.contains(&own.to_string()) && open.contains(&later.to_string()), "{open:?}");
    assert!(!open.contains(&first.to_string()) && !open.contains(&here.to_string()), "{open:?}");

    for (entry, state) in [(own, State::Open), (later, State::Open), (first, State::Reviewed), (here, State::Reviewed)] {
        assert!(is(&office, state, entry).await, "{state:?}");
    }

    // Not further back, but an auditor may go where only an administrator was.
    let conflict = admin.post(QUEUE, &[("entry", &format!("audit_logs:{first}"))]).await;
    assert!(conflict.status == 409 && conflict.text().contains("already"), "{}", conflict.text());
    assert_eq!(auditor.post(QUEUE, &[("entry", &entry)]).await.status, 303);
    assert_eq!(auditor.post(QUEUE, &[("entry", &entry)]).await.status, 409);
    let open = queue(&auditor).await;
    assert!(!open.contains(&own.to_string()) && open.contains(&later.to_string()), "{open:?}");

    // Behind the last one nothing is left, whatever logs the marking leaves; the dashboard leads there.
    let page = auditor.get(QUEUE).await;
    assert_eq!(auditor.post(QUEUE, &[("entry", &page.value("entry").expect("the last entry"))]).await.status, 303);
    assert_eq!(queue(&auditor).await, Vec::<String>::new());
    let dashboard = auditor.get("/").await;
    assert_eq!(dashboard.texts(&format!(".figures a[href='{QUEUE}'] .v")), ["0"]);
    let text = auditor.get(QUEUE).await.text();
    assert!(text.contains("Everything is reviewed") && text.contains("All quiet"), "{text}");
    // Nobody would ever look again behind a mark in the future.
    let future = office.entry("user", -60).await;
    assert_eq!(auditor.post(QUEUE, &[("entry", &format!("audit_logs:{future}"))]).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_right_is_said_and_nothing_is_kept() {
    let office = Office::open().await;
    let auditor = office.console.signed_in("auditor").await;
    let entry = office.entry("user", 5).await;
    let long = "x".repeat(2_001);
    for (kind, body, column) in [("", "x", "kind"), ("nonsense", "x", "kind"), ("finding", "  ", "body"), ("reviewed", &long, "body")] {
        let answer = auditor.post(&annotate(entry), &[("kind", kind), ("body", body)]).await;
        assert_eq!(answer.status, 422, "{kind} {}", answer.text());
        assert!(answer.has(&format!("#{column}-error")) && answer.has("#errors"), "{kind}");
        assert_eq!(answer.value("body").as_deref(), Some(body), "what was typed is kept");
    }
    for fields in [
        vec![("kind", "reviewed")],
        vec![("kind", "reviewed"), ("selected", "audit_logs:7")],
        vec![("kind", "reviewed"), ("all", "actor:me")],
        vec![("selected", "users:01935e0a-7c41-7b1e-9f02-4d8a6611c3e7"), ("kind", "reviewed")],
    ] {
        assert_eq!(auditor.post("/audit/selected", &fields).await.status, 422, "{fields:?}");
    }
    let key = format!("audit_logs:{entry}");
    let again = auditor.post("/audit/selected", &[("selected", &key), ("kind", "finding"), ("body", "\n ")]).await;
    assert_eq!(again.status, 422);
    assert!(
        again.has("#body-error") && again.has(&format!("input[value='{key}'][checked]")) && again.has("input[value=finding][checked]"),
        "what was ticked is kept"
    );
    let nobody = "audit_logs:01935e0a-7c41-7b1e-9f02-4d8a6611c3e7";
    assert_eq!(auditor.post("/audit/selected", &[("selected", nobody), ("kind", "reviewed")]).await.status, 404);
    assert_eq!(auditor.post(QUEUE, &[("entry", nobody)]).await.status, 404);
    assert_eq!(auditor.post(QUEUE, &[("entry", "")]).await.status, 422);
    for address in ["/audit/reviews?after=x", "/audit/reviews?q=x", "/audit/access?x=1", "/tables/audit_logs/7/annotate"] {
        assert_eq!(auditor.get(address).await.status, 400, "{address}");
    }
    assert_eq!(auditor.get(&format!("/tables/accounts/{entry}/annotate")).await.status, 404);
    assert_eq!(office.count("SELECT count(*) FROM entry_annotations").await + office.count("SELECT count(*) FROM review_marks").await, 0);
    for role in ["manager", "user", "viewer"] {
        let browser = office.console.signed_in(role).await;
        for address in [QUEUE, "/audit/access", "/audit/evidence", &annotate(entry)] {
            assert_eq!(browser.get(address).await.status, 403, "{role} {address}");
        }
        for (address, fields) in [(QUEUE, ("entry", nobody)), ("/audit/selected", ("selected", nobody)), ("/audit/access", ("title", "x"))]
        {
            assert_eq!(browser.post(address, &[fields]).await.status, 403, "{role} {address}");
        }
        assert!(browser.get("/").await.attributes("nav#nav a", "href").iter().all(|href| !href.starts_with("/audit/")), "{role}");
    }
}
