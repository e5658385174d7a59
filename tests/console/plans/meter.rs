//! How many rows does the database read for something that the console does?

use std::cell::Cell;

use nexus_console::{
    auth::{
        actor::{Actor, Preferences},
        grant::Grant,
        policy::{Action, LINES, Policy},
        role::Role,
    },
    db::pool::{Connection, Database, ServingRole},
    demo::{self, Volume},
    resource::Resource,
};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use crate::support::{TestDatabase, database};

/// What one page may read of tables ten times and more as large.
pub const BOUND: i64 = 25_000;
pub const VOLUME: Volume = Volume { transactions: 200_000, audit: 150_000 };
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$YSBzYWx0IG9mIG5vdGhpbmc$bm9ib2R5J3MgaGFzaCwgb25seSBpdHMgc2hhcGUgaXM";

/// Every row that a scan returned, of tables and of indexes: what a filter threw away afterwards included.
const READ: &str = "SELECT sum(pg_stat_get_tuples_returned(oid))::bigint FROM pg_class \
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')";

/// A year of reviews: a mark a day up to a month ago, a word beside each fifth entry, few questions.
const REVIEWED: &str = "
    ALTER TABLE entry_annotations DISABLE TRIGGER USER; ALTER TABLE review_marks DISABLE TRIGGER USER;
    INSERT INTO entry_annotations (log, entry_id, kind, body, created_by, created_by_name)
        SELECT 'audit_logs', l.id, CASE WHEN place % 5000 = 0 THEN 'question' WHEN place % 25 = 0 THEN 'finding' ELSE 'reviewed' END, 'x', u.id, u.username
          FROM (SELECT id, row_number() OVER (ORDER BY created_at, id) AS place FROM audit_logs) l, users u
         WHERE u.username = 'auditor' AND place % 5 = 0;
    INSERT INTO review_marks (log, entry_id, reviewed_to, by_administrator, created_by, created_by_name)
        SELECT 'audit_logs', '00000000-0000-0000-0000-000000000000', now() - day * interval '1 day', day % 3 = 0, u.id, u.username
          FROM generate_series(30, 395) AS day JOIN users u ON u.username = CASE WHEN day % 3 = 0 THEN 'admin' ELSE 'auditor' END;
    ALTER TABLE entry_annotations ENABLE TRIGGER USER; ALTER TABLE review_marks ENABLE TRIGGER USER;
    ANALYZE entry_annotations, review_marks";

static LARGE: OnceCell<TestDatabase> = OnceCell::const_new();

/// The database all of these tests read, and none writes.
async fn large() -> &'static TestDatabase {
    LARGE
        .get_or_init(|| async {
            let database = database().await;
            let mut owner = database.as_owner().await;
            // The same sample on every machine, and no other one in the middle of a test.
            owner.batch_execute("SELECT setseed(0.5)").await.expect("a seed");
            Box::pin(demo::fill_to_measure(&mut owner, chrono::Utc::now().date_naive(), HASH, VOLUME, |_| {})).await.expect("filled");
            owner.batch_execute(REVIEWED).await.expect("reviewed");
            for table in ["users", "accounts", "transactions", "audit_logs", "ssot_audit_logs", "ssot_api_aliases", "ssot_api_contracts"] {
                owner.batch_execute(&format!("ALTER TABLE {table} SET (autovacuum_enabled = false)")).await.expect("left alone");
            }
            database
        })
        .await
}

/// A connection as pages have it, alone on its database's statistics: tests that measure take turns.
pub struct Meter {
    pub pages: Connection,
    pub owner: Client,
    /// [`READ`], asked thousands of times.
    read: Statement,
    /// What had been read when it was last asked.
    known: Cell<i64>,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

impl Meter {
    pub async fn new() -> Meter {
        let turn = TURN.lock().await;
        // A test's future lies on its thread's stack.
        let database = Box::pin(large()).await;
        let pages = Database::new(database.application.manager(), 1, ServingRole::LoggedIn).read().await.expect("a connection");
        let owner = database.as_owner().await;
        let read = owner.prepare(READ).await.expect("statistics");
        let meter = Meter { pages, owner, read, known: Cell::new(0), _turn: turn };
        meter.total_read().await;
        meter
    }

    /// As after many requests of a kind: a prepared statement has one plan for all values by then.
    pub async fn with_generic_plans() -> Meter {
        let meter = Meter::new().await;
        meter.pages.query("SELECT set_config('plan_cache_mode', 'force_generic_plan', false)", &[]).await.expect("set");
        meter
    }

    pub async fn total_read(&self) -> i64 {
        // What a backend has counted is seen by others once it reports, which it does at the end of a statement when told to.
        self.pages.query("SELECT pg_stat_force_next_flush()", &[]).await.expect("reported");
        let total = self.owner.query_one(&self.read, &[]).await.expect("statistics").get(0);
        self.known.set(total);
        total
    }

    pub async fn rows_read<T>(&self, work: impl Future<Output = T>) -> (i64, T) {
        let before = self.known.get();
        let outcome = work.await;
        (self.total_read().await - before, outcome)
    }

    /// The texts of a query's first column.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        let rows = self.owner.query(query, &[]).await.unwrap_or_else(|error| panic!("{query}: {error:?}"));
        // Or what this has read would come to light in the middle of what is measured next.
        self.owner.query("SELECT pg_stat_force_next_flush()", &[]).await.expect("reported");
        self.total_read().await;
        rows.iter().filter_map(|row| row.get::<_, Option<String>>(0)).collect()
    }
}

/// As this role reads a table; `id` is whose rows are one's own.
pub fn grant(resource: &'static Resource, role: Role, id: Uuid) -> Grant {
    let nobody = String::new;
    let actor = Actor::new(id, nobody(), nobody(), nobody(), Some(role), Uuid::nil(), Preferences::default(), Policy(LINES));
    actor.authorize(Action::Read, resource).expect("the role reads the table")
}
