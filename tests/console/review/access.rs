//! Is a population frozen with who gave each role, decided on by somebody else, and closed for good?

use super::Office;

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_of_those_there_were_and_stays_as_it_was_closed() {
    let office = Office::open().await;
    let (auditor, admin) = (office.console.signed_in("auditor").await, office.console.signed_in("admin").await);
    // The trail knows who made a manager of the viewer.
    let edit = format!("/tables/users/{}", office.id("viewer").await);
    let form = admin.get(&format!("{edit}/edit")).await;
    let version = form.value("version").expect("a version");
    let saved = admin.post(&edit, &[("version", &version), ("role", "manager")]).await;
    assert_eq!(saved.status, 303, "{}", saved.text());

    let page = auditor.get("/audit/access").await;
    let id = page.value("id").expect("the new review's id");
    let begin = [("id", id.as_str()), ("title", "Fourth quarter"), ("scope", "privileged")];
    let review = format!("/audit/access/{id}");
    for _ in 0..2 {
        let begun = auditor.post("/audit/access", &begin).await;
        assert_eq!((begun.status, begun.location.as_deref()), (303, Some(review.as_str())), "{}", begun.text());
    }
    assert_eq!(office.count("SELECT count(*) FROM access_reviews").await, 1, "sent twice is begun once");
    let frozen =
        "SELECT string_agg(username || ':' || role || ':' || coalesce(granted_by, '-'), ' ' ORDER BY username) FROM access_review_verdicts";
    let frozen: String = office.owner.query_one(frozen, &[]).await.expect("a population").get(0);
    assert_eq!(
        frozen,
        "admin:admin:db:nexus_owner auditor:auditor:db:nexus_owner manager:manager:db:nexus_owner manager2:manager:db:nexus_owner viewer:manager:admin"
    );
    // Whoever comes or changes later is not of it.
    office.owner.execute("UPDATE users SET role = 'user' WHERE username = 'manager2'", &[]).await.expect("another role");
    let page = auditor.get(&review).await;
    assert_eq!(page.rows().len(), 5);
    assert!(page.text().contains("This is you") && page.text().contains("by admin"), "{}", page.text());

    let decide = async |browser: &crate::support::Browser, user: &str, verdict: &str, note: &str| {
        let user = office.id(user).await.to_string();
        browser.post(&review, &[("user", &user), ("decision", verdict), ("note", note)]).await
    };
    assert_eq!(decide(&auditor, "auditor", "keep", "").await.status, 403, "nobody decides on themselves");
    let wrong = decide(&auditor, "manager", "remove", " ").await;
    assert!(wrong.status == 422 && wrong.has("#errors a[href^='#note-']"), "{}", wrong.text());
    for (user, verdict, note) in [("manager", "keep", ""), ("manager2", "remove", "=gone()"), ("manager", "change", "Only reads")] {
        assert_eq!(decide(&auditor, user, verdict, note).await.status, 303, "{user}");
    }
    assert_eq!(decide(&admin, "auditor", "keep", "").await.status, 303);
    assert_eq!(decide(&auditor, "user", "keep", "").await.status, 404, "not of the population");
    assert_eq!(decide(&auditor, "manager", "burn", "").await.status, 422);
    assert_eq!(auditor.get(&review).await.rows().len(), 2, "decided ones make room");
    assert_eq!(auditor.get(&format!("{review}?show=all")).await.rows().len(), 5);
    assert_eq!(auditor.get(&format!("{review}?show=some")).await.status, 400);

    // Closing says who is left, and is not meant for more than were seen.
    let close = async |undecided: &str| auditor.post(&review, &[("decision", "close"), ("undecided", undecided)]).await;
    assert_eq!(close("1").await.status, 409);
    assert_eq!(close("x").await.status, 422);
    assert_eq!(close("2").await.status, 303);
    let closed = auditor.get(&review).await;
    assert!(closed.text().contains("nobody decided on 2 users") && closed.text().contains("Only reads"), "{}", closed.text());
    assert!(!closed.has("main form"), "nothing can be pressed any more");
    assert_eq!(close("2").await.status, 409);
    assert_eq!(decide(&admin, "viewer", "keep", "").await.status, 409);
    assert_eq!(auditor.get(&format!("{review}?show=open")).await.rows().len(), 2, "and they stay listed");

    let file = auditor.get(&format!("{review}/result.csv")).await;
    let mut reader = csv::Reader::from_reader(file.body.as_bytes());
    let verdicts: Vec<(String, String, String)> = reader
        .records()
        .map(|line| line.expect("a line"))
        .map(|line| (line[1].to_owned(), line[13].to_owned(), line[14].to_owned()))
        .collect();
    let expected = [
        ("admin", "undecided", ""),
        ("auditor", "keep", ""),
        ("manager", "change", "Only reads"),
        ("manager2", "remove", "'=gone()"),
        ("viewer", "undecided", ""),
    ];
    let mut verdicts: Vec<_> = verdicts.iter().map(|(user, verdict, note)| (user.as_str(), verdict.as_str(), note.as_str())).collect();
    verdicts.sort_unstable();
    assert_eq!(verdicts, expected);
    assert_eq!(
        office.count("SELECT count(*) FROM audit_logs WHERE action = 'export' AND new_values ->> 'table' = 'access_review_verdicts'").await,
        1
    );
    // Changed by nobody who says who they are, whatever they may write.
    for statement in [
        "UPDATE access_review_verdicts SET role = 'viewer'",
        "UPDATE access_reviews SET closed_at = NULL",
        "DELETE FROM access_review_verdicts",
    ] {
        let script = format!("BEGIN; SET LOCAL nexus.actor = 'user:{}'; {statement}; COMMIT", office.id("admin").await);
        let error = office.owner.batch_execute(&script).await.expect_err(statement);
        assert!(error.code().is_some_and(|code| code.code().starts_with("NX0")), "{statement}: {error}");
        office.owner.batch_execute("ROLLBACK").await.expect("it stands");
    }
}
