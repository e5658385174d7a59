//! Is nothing lost and nothing sealed twice, wherever a sealer ends, and however many there are?

use std::time::Duration;

use nexus_console::audit::seal::sealer::{Batch, Turn, turn};

use super::{Log, signer};

/// A sealer's transaction ends a moment after it was dropped.
async fn begin(log: &Log) -> Batch {
    for _ in 0..200 {
        if let Some(batch) = Batch::begin(&log.instance).await.expect("a batch") {
            return batch;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody else seals here");
}

/// What is sealed, and what waits.
async fn standing(log: &Log) -> (i64, i64, i64, i64) {
    (
        log.count("SELECT count(*) FROM audit_leaves").await,
        log.count("SELECT coalesce(sum(octet_length(hashes)), 0)::bigint FROM audit_tiles").await,
        log.count("SELECT count(*) FROM audit_checkpoints").await,
        log.count("SELECT count(*) FROM audit_unsealed").await,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealer_that_ends_at_any_step_leaves_what_was_there() {
    let log = Log::open().await;
    log.write(300).await;
    log.seal().await;
    let found = log.count("SELECT count(*) FROM audit_leaves WHERE found").await;
    log.write(300).await;
    let before = standing(&log).await;
    assert_eq!(before.3, 300);

    for steps in 0..4 {
        let mut batch = begin(&log).await;
        if steps > 0 {
            batch.take_waiting().await.expect("taken");
            assert_eq!(batch.len(), 300);
        }
        if steps > 1 {
            batch.take_missed().await.expect("walked");
        }
        if steps > 2 {
            batch.seal(&signer()).await.expect("sealed");
        }
        drop(batch);
        assert_eq!(standing(&log).await, before, "after {steps} steps");
    }

    // The database ends it, between the last statement and COMMIT.
    let mut batch = begin(&log).await;
    batch.take_waiting().await.expect("taken");
    batch.seal(&signer()).await.expect("sealed");
    let sealers = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(log.count(sealers).await, 1);
    batch.commit().await.expect_err("its connection is gone");
    assert_eq!(standing(&log).await, before);

    // Each of its writes fails in turn.
    log.run(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full' USING ERRCODE = '53100'; END $$",
    )
    .await;
    for (table, deed) in [
        ("audit_leaves", "INSERT"),
        ("audit_tiles", "INSERT OR UPDATE"),
        ("audit_checkpoints", "INSERT"),
        ("audit_unsealed", "DELETE"),
        ("audit_sweep", "UPDATE"),
    ] {
        log.run(&format!("CREATE TRIGGER refuse BEFORE {deed} ON {table} EXECUTE FUNCTION refuse()")).await;
        log.run("UPDATE audit_sweep SET ended_at = NULL").await;
        turn(&log.instance, &signer()).await.expect_err(table);
        log.run(&format!("DROP TRIGGER refuse ON {table}")).await;
        assert_eq!(standing(&log).await, before, "{table}");
    }

    assert_eq!(log.seal().await, 300);
    log.assert_whole().await;
    assert_eq!(log.count("SELECT count(*) FROM audit_leaves WHERE found").await, found, "all the rest came by the queue");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sealers_and_many_writers_seal_each_entry_once() {
    let log = Log::open().await;
    log.seal().await;
    // Somebody who began before everybody else, and ends behind them.
    let late = log.database.as_owner().await;
    late.batch_execute("BEGIN; SET LOCAL nexus.actor = 'system:late'; SELECT nexus_event('late')").await.expect("an open transaction");

    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let writer = log.database.as_owner().await;
        writers.spawn(async move {
            for _ in 0..60 {
                writer.batch_execute("SELECT nexus_event('login')").await.expect("an event");
            }
        });
    }
    let mut sealers = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let instance = log.instance.clone();
        sealers.spawn(async move {
            let mut sealed = 0;
            for _ in 0..200 {
                match turn(&instance, &signer()).await.expect("a turn") {
                    Turn::Sealed(entries) => sealed += entries,
                    Turn::Busy => {}
                    Turn::Idle if sealed >= 60 => break,
                    Turn::Idle => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.expect("no panic");
    }
    while let Some(ended) = sealers.join_next().await {
        ended.expect("no panic");
    }
    log.seal().await;
    assert_eq!(log.count("SELECT count(*) FROM audit_logs WHERE action = 'late'").await, 0);

    late.batch_execute("COMMIT").await.expect("late, and in time all the same");
    assert_eq!(log.seal().await, 1);
    log.assert_whole().await;
    let last = "SELECT count(*) FROM audit_leaves l JOIN audit_logs e ON e.id = l.entry_id WHERE e.action = 'late' AND l.position = (SELECT max(position) FROM audit_leaves)";
    assert_eq!(log.count(last).await, 1);

    // Nobody waits for a sealer that is at work, and the other sealer does not wait either.
    log.write(1).await;
    let mut batch = begin(&log).await;
    batch.take_waiting().await.expect("taken");
    batch.seal(&signer()).await.expect("sealed");
    assert_eq!(turn(&log.instance, &signer()).await.expect("a turn"), Turn::Busy);
    log.write(1).await;
    batch.commit().await.expect("committed");
    assert_eq!(log.seal().await, 1);
    log.assert_whole().await;
}

/// The console's role can do nothing but let the log grow.
#[tokio::test(flavor = "multi_thread")]
async fn the_functions_that_seal_let_the_log_grow_and_nothing_else() {
    let log = Log::open().await;
    log.seal().await;
    let application = log.database.as_application().await;
    let size = log.count("SELECT count(*) FROM audit_leaves").await;
    let seal = |first: i64, levels: &str, tiles: &str| {
        format!(
            "BEGIN; SET LOCAL nexus.actor = 'system:seal'; SELECT nexus_seal({first}, '{{audit_logs}}', ARRAY[gen_random_uuid()], '{{false}}', \
             '{levels}'::smallint[], ARRAY[0]::bigint[], ARRAY[{tiles}]::bytea[], sha256('x'), 'note')"
        )
    };
    for (statement, code) in [
        (seal(size - 1, "{0}", "sha256('x')"), "NX030"),
        (seal(size + 1, "{0}", "sha256('x')"), "NX030"),
        (seal(size, "{0}", "sha256('x')"), "NX030"),
        (seal(size, "{0}", "'\\x'"), "23514"),
        ("BEGIN; SET LOCAL nexus.actor = 'system:seal'; DELETE FROM audit_leaves".to_owned(), "42501"),
        ("BEGIN; SET LOCAL nexus.actor = 'system:seal'; UPDATE audit_tiles SET hashes = hashes".to_owned(), "42501"),
    ] {
        let refused = application.batch_execute(&statement).await.expect_err(&statement);
        assert_eq!(refused.code().map(|code| code.code()), Some(code), "{statement}");
        application.batch_execute("ROLLBACK").await.expect("the connection stands");
    }
    // What waits leaves the queue only with its leaf.
    log.write(1).await;
    let unqueue = "BEGIN READ WRITE; SET LOCAL nexus.actor = 'system:seal'; SELECT nexus_unqueue(array_agg(log), array_agg(entry_id)) FROM audit_unsealed; COMMIT";
    application.batch_execute(unqueue).await.expect("nothing to refuse");
    assert_eq!(log.count("SELECT count(*) FROM audit_unsealed").await, 1);
}
