//! Does every search of the trail answer with exactly the entries that its words say, page after page?

use nexus_console::{
    audit::{
        entry::Log,
        trail::{
            TrailGrant,
            driver::Driver,
            page,
            place::{Place, Position},
            query::Query,
            slice::Slice,
        },
    },
    auth::{
        actor::{Actor, Preferences},
        policy::{Action, LINES, Policy},
        role::Role,
    },
    db::pool::{Connection, Database, ServingRole},
    resource::Registry,
    tables::TABLES,
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{TestDatabase, staffed_database};

/// Entries of both logs: at the same moments, under the same ids, without a time, beyond every calendar.
const ROWS: &str = r#"
    SET session_replication_role = replica;
    INSERT INTO audit_logs (id, entity_type, entity_id, action, old_values, new_values, context, user_id, ip_address, created_at)
        SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, (ARRAY['accounts', 'users', 'event'])[1 + i % 3],
               ('00000000-0000-4000-9000-' || lpad((i % 7)::text, 12, '0'))::uuid, (ARRAY['UPDATE', 'update', 'login'])[1 + i % 3],
               jsonb_build_object('status', 'open', 'note', 'a'), jsonb_build_object('status', CASE WHEN i % 5 = 0 THEN 'shut' ELSE 'open' END, 'note', 'b' || i),
               (ARRAY['console', NULL])[1 + i % 2], (SELECT id FROM users WHERE username = (ARRAY['admin', 'manager', NULL])[1 + i % 3]),
               ('192.0.2.' || i % 4)::inet, timestamptz '2026-11-01 12:00Z' + (i / 4) * interval '1 hour'
        FROM generate_series(1, 90) i;
    INSERT INTO ssot_audit_logs (id, entity_type, entity_id, action, old_values, new_values, context, user_id, ip_address, created_at)
        SELECT id, 'ssot_api_aliases', entity_id, action, old_values, new_values, context,
               CASE WHEN user_id IS NULL THEN 'system:expiry' ELSE user_id::text END, ip_address, created_at FROM audit_logs WHERE id < '00000000-0000-4000-8000-000000000041';
    UPDATE audit_logs SET created_at = NULL WHERE id > '00000000-0000-4000-8000-000000000080' AND id::text LIKE '00000000-0000-4000-8000%';
    UPDATE ssot_audit_logs SET created_at = NULL WHERE id < '00000000-0000-4000-8000-000000000005';
    UPDATE audit_logs SET created_at = 'infinity' WHERE id = '00000000-0000-4000-8000-000000000001';
    UPDATE audit_logs SET created_at = '-infinity' WHERE id = '00000000-0000-4000-8000-000000000002';
    INSERT INTO audit_details (log, entry_id, actor_kind, actor_name, request_id, outcome, reason)
        SELECT 'audit_logs', id, CASE WHEN user_id IS NULL THEN 'system' ELSE 'user' END, CASE WHEN user_id IS NULL THEN 'login' ELSE 'x' END,
               'r' || right(id::text, 1), (ARRAY['ok', 'failed', NULL])[1 + right(id::text, 1)::int % 3], CASE WHEN right(id::text, 1) = '9' THEN 'Because of Kestrel' END
        FROM audit_logs WHERE id::text LIKE '00000000-0000-4000-8000%';
    INSERT INTO entry_annotations (log, entry_id, kind, body, created_by, created_by_name)
        SELECT l.log, l.id, said.kind, 'x', (SELECT id FROM users WHERE username = 'auditor'), 'auditor'
        FROM (SELECT 'audit_logs' AS log, id FROM audit_logs UNION ALL SELECT 'ssot_audit_logs', id FROM ssot_audit_logs) l,
             (VALUES ('question', '[16]'), ('reviewed', '[12]'), ('finding', '[23]'), ('finding', '3')) AS said (kind, ending)
        WHERE l.id::text LIKE '00000000-0000-4000-8000%' AND right(l.id::text, 1) ~ said.ending;
    INSERT INTO review_marks (log, entry_id, reviewed_to, by_administrator, created_by, created_by_name)
        SELECT 'audit_logs', '00000000-0000-4000-8000-000000000030', reached::timestamptz, by.role = 'admin', by.id, by.username
        FROM (VALUES ('auditor', '2026-11-01 17:00Z'), ('admin', '2026-11-01 22:00Z')) AS mark (who, reached) JOIN users by ON by.username = mark.who;
    ANALYZE audit_logs, entry_annotations, review_marks, ssot_audit_logs, audit_details;
"#;

/// What the same search says in SQL, on a row `e` of both logs with its details `d`; `$user` stands for the name's id.
const SEARCHES: [(&str, &str); 34] = [
    ("*", "true"),
    ("actor:admin", "e.user_id = '$admin'"),
    ("actor:admin,manager", "e.user_id IN ('$admin', '$manager')"),
    ("-actor:admin", "e.user_id IS DISTINCT FROM '$admin'"),
    ("actor:me -action:login", "e.user_id = '$admin' AND e.action <> 'login'"),
    ("actor:system:expiry", "e.user_id = 'system:expiry'"),
    ("actor:system:login", "e.user_id IS NULL AND d.actor_kind = 'system' AND d.actor_name = 'login'"),
    ("actor:manager,system:login", "e.user_id = '$manager' OR e.user_id IS NULL AND d.actor_name = 'login'"),
    ("action:Update", "e.action IN ('UPDATE', 'update')"),
    ("-action:update", "e.action NOT IN ('UPDATE', 'update')"),
    ("table:users,event", "e.entity_type IN ('users', 'event')"),
    ("table:ssot_api_aliases action:login", "e.entity_type = 'ssot_api_aliases' AND e.action = 'login'"),
    ("record:00000000-0000-4000-9000-000000000003", "e.entity_id = '00000000-0000-4000-9000-000000000003'"),
    (
        "record:00000000-0000-4000-9000-000000000003 -table:users",
        "e.entity_id = '00000000-0000-4000-9000-000000000003' AND e.entity_type <> 'users'",
    ),
    ("field:status", "e.old_values -> 'status' IS DISTINCT FROM e.new_values -> 'status'"),
    ("-field:status", "e.old_values -> 'status' IS NOT DISTINCT FROM e.new_values -> 'status'"),
    ("ip:192.0.2.3", "e.ip_address = '192.0.2.3'"),
    ("ip:192.0.2.0/31", "e.ip_address <<= '192.0.2.0/31'"),
    ("-context:console", "e.context IS DISTINCT FROM 'console'"),
    ("request:r3,r4", "d.request_id IN ('r3', 'r4')"),
    ("outcome:failed", "d.outcome = 'failed'"),
    ("outcome:ok -table:users", "d.outcome = 'ok' AND e.entity_type <> 'users'"),
    ("from:2026-11-01T15:00 to:2026-11-01T18:00", "e.created_at BETWEEN '2026-11-01 15:00Z' AND '2026-11-01 18:00Z'"),
    ("to:2026-11-01 action:update", "e.created_at < '2026-11-02 00:00Z' AND e.action IN ('UPDATE', 'update')"),
    ("action:update,login SHUT", "e.new_values ->> 'status' = 'shut'"),
    ("action:update,login kestrel -b9", "d.reason LIKE '%Kestrel%' AND e.new_values ->> 'note' NOT LIKE '%b9%'"),
    ("review:question", "$said('question')"),
    ("review:finding", "$said('finding')"),
    ("review:question review:finding,reviewed", "$said('question') AND ($said('finding') OR $reviewed)"),
    ("review:question,finding -action:login", "($said('question') OR $said('finding')) AND e.action <> 'login'"),
    ("-review:question,finding", "NOT ($said('question') OR $said('finding'))"),
    ("review:open", "NOT $reviewed"),
    ("-review:open table:users", "$reviewed AND e.entity_type = 'users'"),
    ("review:reviewed -review:finding", "$reviewed AND NOT $said('finding')"),
];

/// Behind the auditor's mark is everything up to it, behind the administrator's what they did not do themselves.
const REVIEWED: &str = "($said('reviewed') OR $said('finding') \
    OR (coalesce(e.created_at, '-infinity'), e.id) <= (timestamptz '2026-11-01 17:00Z', uuid '00000000-0000-4000-8000-000000000030') \
    OR e.user_id IS DISTINCT FROM '$admin' AND (coalesce(e.created_at, '-infinity'), e.id) <= (timestamptz '2026-11-01 22:00Z', uuid '00000000-0000-4000-8000-000000000030'))";

const SAID: &str = "(e.log, e.id) IN (SELECT n.log, n.entry_id FROM entry_annotations n WHERE n.kind = ";

const EXPECTED: &str = "SELECT e.log, e.id FROM (
    SELECT 'audit_logs' AS log, l.id, l.entity_type, l.entity_id, l.action, l.old_values, l.new_values, l.context, l.user_id::text AS user_id, l.ip_address, l.created_at FROM audit_logs l
    UNION ALL SELECT 'ssot_audit_logs', l.id, l.entity_type, l.entity_id, l.action, l.old_values, l.new_values, l.context, l.user_id::text, l.ip_address, l.created_at FROM ssot_audit_logs l) e
    LEFT JOIN audit_details d ON d.log = e.log AND d.entry_id = e.id WHERE ($WHERE)
    ORDER BY e.created_at DESC NULLS LAST, CASE WHEN e.created_at IS NULL THEN e.id END, e.id DESC, e.log";

pub fn grant_of(me: Uuid) -> (TrailGrant, Registry) {
    let nobody = String::new;
    let registry = Registry::new(TABLES.iter().copied());
    let actor = Actor::new(me, nobody(), nobody(), nobody(), Some(Role::Auditor), Uuid::nil(), Preferences::default(), Policy(LINES));
    (TrailGrant::ask(&actor, &registry, Action::Read).expect("there are logs").expect("an auditor reads them"), registry)
}

pub async fn connected(database: &TestDatabase) -> Connection {
    Database::new(database.application.manager(), 1, ServingRole::LoggedIn).read().await.expect("a connection")
}

struct Trail {
    connection: Connection,
    owner: Client,
    me: Uuid,
}

impl Trail {
    async fn expected(&self, condition: &str, manager: Uuid) -> Vec<(String, Uuid)> {
        let condition = condition.replace("$reviewed", REVIEWED).replace("$said(", SAID);
        let condition = condition.replace("$admin", &self.me.to_string()).replace("$manager", &manager.to_string());
        let rows =
            self.owner.query(&EXPECTED.replace("$WHERE", &condition), &[]).await.unwrap_or_else(|error| panic!("{condition}: {error:?}"));
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    async fn driver(&self, text: &str) -> Driver {
        let (grant, _) = grant_of(self.me);
        let query = Query::parse(text, chrono_tz::Tz::UTC).unwrap_or_else(|error| panic!("{text}: {error}"));
        let slice = Slice::of(&self.connection, &query, self.me).await.expect("known");
        Driver::of(&self.connection, grant, slice).await.expect("a way")
    }

    /// Every page forwards, and every page back from the end.
    async fn walked(&self, text: &str, limit: usize) -> [Vec<(String, Uuid)>; 2] {
        let (grant, registry) = grant_of(self.me);
        let driver = self.driver(text).await;
        let read = async |position| page::read(&self.connection, grant, &registry, &driver, position, limit).await.expect(text);
        let named = |places: &[Place]| places.iter().map(|place| (place.log.table().to_owned(), place.id)).collect::<Vec<_>>();
        let (mut forwards, mut position, mut last) = (Vec::new(), Position::First, page::Page::default());
        loop {
            let page = read(position).await;
            forwards.extend(named(&page.places));
            let next = page.next;
            last = if page.places.is_empty() { last } else { page };
            match next {
                Some(place) => position = Position::After(place),
                None => break,
            }
        }
        let mut backwards = named(&last.places);
        let mut previous = last.previous.filter(|_| !last.places.is_empty());
        while let Some(place) = previous {
            let page = read(Position::Before(place)).await;
            backwards.splice(0..0, named(&page.places));
            previous = page.previous;
        }
        [forwards, backwards]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_search_is_the_whole_of_what_it_says_in_both_directions() {
    let database = staffed_database().await;
    let superuser = database.as_superuser().await;
    superuser.batch_execute(ROWS).await.expect("rows");
    let id = async |name: &str| {
        superuser.query_one("SELECT id FROM users WHERE username = $1", &[&name]).await.expect("a user").get::<_, Uuid>(0)
    };
    let (me, manager) = (id("admin").await, id("manager").await);
    let trail = Trail { connection: connected(&database).await, owner: database.as_owner().await, me };
    for (text, condition) in SEARCHES {
        let expected = trail.expected(condition, manager).await;
        assert!(!expected.is_empty(), "{text}: a search that finds nothing proves nothing");
        for limit in [7, 1_000] {
            let [forwards, backwards] = trail.walked(text, limit).await;
            assert_eq!(forwards, expected, "{text}, {limit} a page");
            assert_eq!(backwards, expected, "{text}, {limit} a page, back from the end");
        }
    }
    assert_eq!(Log::ALL.len(), 2);
}
