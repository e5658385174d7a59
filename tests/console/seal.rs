//! Are both logs sealed whole, and is whatever somebody does to them afterwards found?

mod attacks;
mod commands;
mod crash;
mod vectors;
mod whole;

use nexus_console::{
    audit::seal::{
        key::Signer,
        sealer::{self, SealError, Turn},
        verify::{self, Verdict},
    },
    db::pool::{Database, ServingRole},
};
use tokio_postgres::Client;

use super::support::{TestDatabase, database};

/// Of tests only.
const SEED: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn signer() -> Signer {
    Signer::listed(SEED).expect("a key")
}

/// A database, an instance of the console that serves as the role it should, and somebody who may do anything.
struct Log {
    database: TestDatabase,
    instance: Database,
    owner: Client,
    superuser: Client,
}

impl Log {
    async fn of(database: TestDatabase) -> Log {
        let instance = Database::new(database.application.manager(), 3, ServingRole::LoggedIn);
        let (owner, superuser) = (database.as_owner().await, database.as_superuser().await);
        superuser.batch_execute("SET session_replication_role = replica").await.expect("past every trigger");
        Log { database, instance, owner, superuser }
    }

    async fn open() -> Log {
        Log::of(database().await).await
    }

    /// So many entries, as the triggers see them.
    async fn write(&self, entries: i32) {
        let statement = "SELECT nexus_event('login', jsonb_build_object('n', n)) FROM generate_series(1, $1) AS n";
        self.owner.query(statement, &[&entries]).await.expect("events");
    }

    /// Until nothing is left to seal.
    async fn seal(&self) -> usize {
        let mut sealed = 0;
        loop {
            match sealer::turn(&self.instance, &signer()).await.expect("a turn") {
                Turn::Idle => return sealed,
                Turn::Busy => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
                Turn::Sealed(entries) => sealed += entries,
            }
        }
    }

    async fn refused(&self) -> SealError {
        self.write(1).await;
        sealer::turn(&self.instance, &signer()).await.expect_err("nothing is sealed over this")
    }

    async fn verdict(&self, brought: &[String]) -> Verdict {
        verify::verify(&self.instance, |origin| signer().public(origin), brought, |_, _| {}).await.expect("an answer")
    }

    /// The verdict's findings, a line each.
    async fn findings(&self, brought: &[String]) -> Vec<String> {
        self.verdict(brought).await.findings.kept.iter().map(ToString::to_string).collect()
    }

    async fn count(&self, statement: &str) -> i64 {
        self.superuser.query_one(statement, &[]).await.unwrap_or_else(|error| panic!("{statement}: {error:?}")).get(0)
    }

    async fn text(&self, statement: &str) -> String {
        self.superuser.query_one(statement, &[]).await.unwrap_or_else(|error| panic!("{statement}: {error:?}")).get(0)
    }

    async fn run(&self, statement: &str) {
        self.superuser.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }

    /// Every entry of both logs is one leaf, and every position has one.
    async fn assert_whole(&self) {
        let whole = "SELECT count(*) FROM (SELECT 'audit_logs' AS log, id FROM audit_logs UNION ALL SELECT 'ssot_audit_logs', id FROM ssot_audit_logs) AS e
                       FULL JOIN audit_leaves l ON l.log = e.log AND l.entry_id = e.id WHERE e.id IS NULL OR l.entry_id IS NULL";
        assert_eq!(self.count(whole).await, 0, "entries without a leaf, and leaves without an entry");
        assert_eq!(self.count("SELECT max(position) + 1 - count(*) FROM audit_leaves").await, 0, "positions are contiguous");
        assert_eq!(self.count("SELECT count(*) FROM audit_unsealed").await, 0);
        let verdict = self.verdict(&[]).await;
        assert_eq!(verdict.findings.kept, []);
        assert_eq!((verdict.waiting, verdict.unsealed), (0, 0));
        assert_eq!(i64::try_from(verdict.size).expect("a size"), self.count("SELECT count(*) FROM audit_leaves").await);
    }
}
