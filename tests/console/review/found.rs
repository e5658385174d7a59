//! Is the same said of everything that a search of the trail found, of nothing else, and never of one's own?

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::Office;
use crate::support::Answer;

const LOOK: &str = "/audit/annotate";
const WRITE: &str = "/audit/selected";

/// The entries of a stretch of minutes ago, in which nothing else happens.
fn between(now: DateTime<Utc>, from: i64, to: i64, also: &str) -> String {
    let at = |minutes| (now - TimeDelta::minutes(minutes)).format("%Y-%m-%dT%H:%M:%S");
    format!("from:{} to:{} {also}", at(from), at(to)).trim().to_owned()
}

fn look(search: &str) -> String {
    format!("{LOOK}?q={}", form_urlencoded::byte_serialize(search.as_bytes()).collect::<String>())
}

fn key(entry: Uuid) -> String {
    format!("audit_logs:{entry}")
}

/// The form as it would be sent.
fn sent<'f>(page: &'f Form, kind: &'f str, body: &'f str) -> Vec<(&'f str, &'f str)> {
    page.0.iter().map(|(name, value)| (*name, value.as_str())).chain([("kind", kind), ("body", body)]).collect()
}

struct Form(Vec<(&'static str, String)>);

impl Form {
    fn of(page: &Answer) -> Form {
        let field =
            |name| page.attributes(&format!("input[type=hidden][name={name}]"), "value").into_iter().map(move |value| (name, value));
        Form(["return", "search", "found", "left_out"].into_iter().flat_map(field).collect())
    }

    fn values(&self, wanted: &str) -> Vec<&str> {
        self.0.iter().filter(|(name, _)| *name == wanted).flat_map(|(_, value)| value.split(',')).filter(|key| !key.is_empty()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_looked_at_is_what_is_written_beside() {
    let office = Office::open().await;
    let (auditor, admin) = (office.console.signed_in("auditor").await, office.console.signed_in("admin").await);
    let now = Utc::now();
    let [old, own, late] = [office.entry("manager", 50).await, office.entry("admin", 40).await, office.entry("user", 30).await];
    let search = between(now, 60, 20, "table:users action:UPDATE");

    // The way there stands on the trail, for a search that found something.
    let trail = auditor.get(&look(&search).replace(LOOK, "/audit")).await;
    assert_eq!(trail.attributes(".head a[href^='/audit/annotate']", "href"), [look(&search)]);
    assert!(!auditor.get("/audit?q=action:nothing").await.has("a[href^='/audit/annotate']"));

    // An auditor is shown all three, an administrator what is not their own, and which was left out.
    let page = auditor.get(&look(&search)).await;
    assert_eq!((page.status, Form::of(&page).values("found")), (200, vec![&*key(late), &key(own), &key(old)]), "{}", page.text());
    let page = admin.get(&look(&search)).await;
    let form = Form::of(&page);
    assert_eq!((form.values("found"), form.values("left_out")), (vec![&*key(late), &key(old)], vec![&*key(own)]));
    assert_eq!(page.texts("h1"), ["Annotate 2 entries"]);
    assert!(page.texts("#left-out").concat().contains(&own.to_string()), "{:?}", page.texts("#left-out"));

    // What comes in between was not looked at, and a form with a mistake keeps what was.
    let meanwhile = office.entry("user", 25).await;
    let again = admin.post(WRITE, &sent(&form, "finding", " ")).await;
    assert_eq!((again.status, again.has("#body-error")), (422, true), "{}", again.text());
    assert_eq!(Form::of(&again).0, form.0, "the same entries once more");
    assert!(again.has("input[value=finding][checked]"));
    let answer = admin.post(WRITE, &sent(&form, "finding", "Three in a row")).await;
    assert_eq!((answer.status, answer.location), (303, Some(look(&search).replace(LOOK, "/audit"))));
    let said = "SELECT string_agg(n.entry_id::text, ' ' ORDER BY n.entry_id) FROM entry_annotations n WHERE n.kind = 'finding' AND n.body = 'Three in a row'";
    let told: String = office.owner.query_one(said, &[]).await.expect("what was said").get(0);
    let mut expected = [old.to_string(), late.to_string()];
    expected.sort();
    assert_eq!(told, expected.join(" "));
    let open = auditor.get(&look(&format!("{search} review:open"))).await;
    assert_eq!(Form::of(&open).values("found"), [key(meanwhile), key(own)]);

    // All of it is one transaction of one request, and the trail tells of it by the search it was found with.
    let requests = "SELECT count(DISTINCT (d.request_id, l.xmin::text)) FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id \
         WHERE l.entity_type = 'entry_annotations' OR l.action = 'annotated'";
    assert_eq!(office.count(requests).await, 1);
    let event = "SELECT new_values FROM audit_logs WHERE action = 'annotated'";
    let event: serde_json::Value = serde_json::from_str(
        &office.owner.query_one(&event.replace("new_values", "new_values::text"), &[]).await.expect("an event").get::<_, String>(0),
    )
    .expect("a document");
    assert_eq!(event, serde_json::json!({ "search": search, "kind": "finding", "entries": 2, "left_out": 1 }));
    let told = auditor.get("/audit?q=action:annotated").await.texts(".trail .said p");
    assert!(told.len() == 1 && told[0].contains("wrote Finding beside 2 entries") && told[0].contains(&search), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_or_was_not_all_looked_at_says_so() {
    let office = Office::open().await;
    let auditor = office.console.signed_in("auditor").await;
    let now = Utc::now();
    let many = "INSERT INTO audit_logs (id, entity_type, entity_id, action, old_values, new_values, created_at) \
         SELECT public.nexus_uuid7(), 'users', public.nexus_uuid7(), 'UPDATE', '{}', CASE WHEN i IN (1, 7, 5999) THEN '{\"rare\": 1}'::jsonb ELSE '{}' END, \
                now() - interval '20 minutes' - i * interval '1 second' FROM generate_series(1, 6000) AS i";
    office.owner.batch_execute(many).await.expect("many entries");

    let page = auditor.get(&look(&between(now, 30, 10, "table:users action:UPDATE"))).await;
    let found = Form::of(&page).values("found").len();
    assert!((600..=605).contains(&found) && page.texts("h1")[0] == format!("Annotate {found} entries"), "{found}");
    let page = auditor.get(&look(&between(now, 60, 10, ""))).await;
    assert!(page.has("#too-much") && !page.has(&format!("form[action='{WRITE}']")), "{}", page.text());

    let page = auditor.get(&look(&between(now, 600, 10, "field:rare"))).await;
    assert_eq!((Form::of(&page).values("found").len(), page.has("#back-to")), (2, true), "{}", page.text());
    assert!(!auditor.get(&look(&between(now, 30, 10, "field:rare"))).await.has("#back-to"));

    for (path, status) in
        [("/audit/annotate?colour=red", 400), ("/audit/annotate?q=colour:red", 400), ("/audit/annotate?q=action:nothing", 200)]
    {
        let page = auditor.get(path).await;
        assert!(page.status == status && !page.has(&format!("form[action='{WRITE}']")), "{path}: {}", page.status);
    }
    let forged = auditor.post(WRITE, &[("kind", "reviewed"), ("search", "colour:red"), ("found", &key(Uuid::nil()))]).await;
    assert_eq!(forged.status, 422);
    for role in ["manager", "user", "viewer"] {
        assert_eq!(office.console.signed_in(role).await.get("/audit/annotate?q=*").await.status, 403, "{role}");
    }
    assert_eq!(office.count("SELECT count(*) FROM entry_annotations").await, 0);
}
