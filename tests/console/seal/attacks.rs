//! Whatever somebody does who owns the database: is it found, and the first bad entry named?

use nexus_console::audit::entry;
use nexus_console::audit::seal::{
    canonical::{Record, select},
    checkpoint::Checkpoint,
    key::Signer,
    sealer::SealError,
    store::Broken,
    tree::{Edge, Tiles},
};
use tokio_postgres::Client;

use super::Log;

const TABLES: [&str; 8] =
    ["audit_logs", "ssot_audit_logs", "audit_details", "audit_unsealed", "audit_leaves", "audit_tiles", "audit_checkpoints", "audit_sweep"];

/// A log of two seals and more than two tiles, its checkpoints kept elsewhere as well, and everything kept aside.
struct Stage {
    log: Log,
    first: i64,
    size: i64,
    brought: Vec<String>,
}

impl Stage {
    async fn open() -> Stage {
        let log = Log::open().await;
        log.write(300).await;
        log.seal().await;
        let first = log.count("SELECT max(size) FROM audit_checkpoints").await;
        log.write(400).await;
        log.seal().await;
        log.assert_whole().await;
        let size = log.count("SELECT max(size) FROM audit_checkpoints").await;
        assert!(first > 300 && size > 600);
        let rows = log.superuser.query("SELECT note FROM audit_checkpoints ORDER BY size", &[]).await.expect("notes");
        let brought = rows.iter().map(|row| row.get(0)).collect();
        log.run("CREATE SCHEMA kept").await;
        for table in TABLES {
            log.run(&format!("CREATE TABLE kept.{table} AS TABLE public.{table}")).await;
        }
        Stage { log, first, size, brought }
    }

    async fn put_back(&self) {
        let all: String =
            TABLES.iter().map(|table| format!("DELETE FROM public.{table}; INSERT INTO public.{table} TABLE kept.{table};")).collect();
        self.log.run(&all).await;
    }

    /// As a finding begins that is about the entry at a position.
    async fn named(&self, position: i64) -> String {
        let entry =
            format!("SELECT 'entry ' || position || ' (' || log || ' ' || entry_id FROM kept.audit_leaves WHERE position = {position}");
        self.log.text(&entry).await
    }

    async fn found(&self, attack: &str, brought: &[String]) -> Vec<String> {
        self.log.run(attack).await;
        self.log.findings(brought).await
    }
}

fn assert_first(findings: &[String], named: &str, words: &str) {
    let first = findings.first().unwrap_or_else(|| panic!("nothing is found; expected {named} … {words}"));
    assert!(first.starts_with(named) && first.contains(words), "{first}\nexpected {named} … {words}");
}

const OF: &str = "(SELECT entry_id FROM audit_leaves WHERE position = ";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_entries_is_found() {
    let stage = Stage::open().await;
    for (attack, position, words, how_many) in [
        (format!("UPDATE audit_logs SET new_values = '{{\"n\": 0}}' WHERE id = {OF}50)"), 50, "changed after it was sealed", 1),
        (format!("UPDATE audit_logs SET created_at = created_at - interval '1 second' WHERE id = {OF}51)"), 51, "changed after it was sealed", 1),
        (format!("UPDATE audit_details SET actor_name = 'somebody else' WHERE entry_id = {OF}52)"), 52, "changed after it was sealed", 1),
        (format!("DELETE FROM audit_details WHERE entry_id = {OF}53)"), 53, "changed after it was sealed", 1),
        // Exchanged with what was said a moment later: each is itself, and neither is where it was.
        (format!("UPDATE audit_logs a SET created_at = b.created_at, new_values = b.new_values FROM audit_logs b WHERE a.id IN ({OF}54), {OF}55)) AND b.id IN ({OF}54), {OF}55)) AND a.id <> b.id"), 54, "changed after it was sealed", 2),
        (format!("DELETE FROM audit_logs WHERE id = {OF}60)"), 60, "deleted after it was sealed", 1),
        (format!("DELETE FROM audit_logs WHERE id = {OF}61); DELETE FROM audit_leaves WHERE position = 61"), 61, "", 1),
        ("UPDATE audit_leaves SET position = -1 WHERE position = 70; UPDATE audit_leaves SET position = 70 WHERE position = 71; UPDATE audit_leaves SET position = 71 WHERE position = -1".to_owned(), 70, "out of order: this was sealed as entry 71", 2),
    ] {
        // Nobody lets a position be negative; whoever owns the table does.
        stage.log.run("ALTER TABLE audit_leaves DROP CONSTRAINT IF EXISTS audit_leaves_position_check").await;
        let findings = stage.found(&attack, &[]).await;
        let named = match words {
            "" => format!("entry {position} (unknown): deleted"),
            "out of order: this was sealed as entry 71" => format!("entry {position} ("),
            _ => stage.named(position).await,
        };
        assert_first(&findings, &named, words);
        assert_eq!(findings.len(), how_many, "{findings:?}");
        stage.put_back().await;
        assert_eq!(stage.log.findings(&stage.brought).await, Vec::<String>::new(), "put back, all is well");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_off_is_missed() {
    let stage = Stage::open().await;
    let entries = |from: i64| {
        format!(
            "DELETE FROM audit_details WHERE entry_id IN (SELECT entry_id FROM audit_leaves WHERE position >= {from});
                 DELETE FROM audit_logs WHERE id IN (SELECT entry_id FROM audit_leaves WHERE position >= {from});"
        )
    };
    let tail = |from: i64| {
        let (tile, hashes) = (from / 256, from % 256);
        [
            entries(from),
            format!(
                "DELETE FROM audit_leaves WHERE position >= {from};
                     DELETE FROM audit_tiles WHERE level = 0 AND (index > {tile} OR index = {tile} AND {hashes} = 0);
                     UPDATE audit_tiles SET hashes = substring(hashes FROM 1 FOR 32 * {hashes}) WHERE level = 0 AND index = {tile};
                     UPDATE audit_tiles SET hashes = substring(hashes FROM 1 FOR 32 * {tile}) WHERE level = 1"
            ),
        ]
        .concat()
    };

    // The entries alone.
    let findings = stage.found(&entries(stage.size - 20), &[]).await;
    assert_first(&findings, &stage.named(stage.size - 20).await, "deleted after it was sealed");
    assert_eq!(findings.len(), 20);
    stage.put_back().await;

    // With what was sealed of them, at a place where no checkpoint stands.
    let findings = stage.found(&tail(512), &[]).await;
    let missed = format!("deleted, with all that follows: a checkpoint counts {} entries", stage.size);
    assert_first(&findings, "entry 512 (unknown)", &missed);
    assert!(matches!(stage.log.refused().await, SealError::Broken(Broken::Length { leaves: 512, .. })));
    stage.put_back().await;

    // Back to an earlier checkpoint, and without the later: only who kept that one can tell.
    let first = stage.first;
    let cut = format!("{}; DELETE FROM audit_checkpoints WHERE size > {first}", tail(first));
    assert_eq!(stage.found(&cut, &[]).await, Vec::<String>::new());
    assert_first(&stage.log.findings(&stage.brought).await, &format!("entry {first} (unknown)"), &missed);
    stage.put_back().await;

    // Everything; and even that there ever was a log.
    let everything = "TRUNCATE audit_logs, ssot_audit_logs, audit_details, audit_unsealed, audit_leaves, audit_tiles, audit_checkpoints";
    assert_eq!(stage.found(everything, &[]).await, ["everything that was sealed is gone"]);
    assert!(matches!(stage.log.refused().await, SealError::Broken(Broken::Gone)));
    stage.log.run("UPDATE audit_sweep SET passed = NULL, walks = 0, ended_at = NULL, first_size = NULL").await;
    assert_eq!(stage.log.findings(&[]).await, Vec::<String>::new());
    assert_first(&stage.log.findings(&stage.brought).await, "entry 0 (unknown)", &missed);
}

/// Works the tiles and the roots out again, as somebody does who has this program's source.
async fn rehash(client: &Client) -> Vec<(i64, [u8; 32])> {
    let mut hashes = std::collections::HashMap::new();
    for log in entry::Log::ALL {
        let ids: Vec<uuid::Uuid> =
            client.query(&format!("SELECT id FROM {}", log.table()), &[]).await.expect("ids").iter().map(|row| row.get(0)).collect();
        for row in client.query(select(log), &[&ids]).await.expect("entries") {
            let record = Record::of(log, &row).expect("an entry");
            hashes.insert(record.id, record.leaf());
        }
    }
    let sizes: Vec<i64> =
        client.query("SELECT size FROM audit_checkpoints ORDER BY size", &[]).await.expect("sizes").iter().map(|row| row.get(0)).collect();
    let (mut edge, mut tiles, mut roots) = (Edge::default(), Tiles::default(), Vec::new());
    for row in client.query("SELECT entry_id FROM audit_leaves ORDER BY position", &[]).await.expect("leaves") {
        edge.append(hashes[&row.get::<_, uuid::Uuid>(0)], &mut tiles);
        let size = i64::try_from(edge.size()).expect("few");
        if sizes.contains(&size) {
            roots.push((size, edge.root().0));
        }
    }
    tiles.0.extend(edge.tiles().map(|(place, hashes)| (place, hashes.to_vec())));
    for (place, hashes) in tiles.0 {
        let (level, index) = (i16::from(place.level), i64::try_from(place.index).expect("few"));
        client
            .execute("UPDATE audit_tiles SET hashes = $3 WHERE level = $1 AND index = $2", &[&level, &index, &hashes])
            .await
            .expect("a tile");
    }
    roots
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_made_anew_has_other_roots() {
    let stage = Stage::open().await;
    let (log, first, size) = (&stage.log, stage.first, stage.size);
    let edit = format!("UPDATE audit_logs SET new_values = '{{\"n\": 0}}' WHERE id = {OF}{})", first + 5);
    let replaced = |from: i64, to: i64| format!("the checkpoint of {to} entries has another root; the first {from} are as they were");

    // The entry and the whole tree: the checkpoints say that there was another, and from where on.
    log.run(&edit).await;
    let roots = rehash(&log.superuser).await;
    assert_eq!(roots.len(), stage.brought.len());
    assert_first(&log.findings(&[]).await, &stage.named(first).await, &replaced(first, size));
    assert!(matches!(log.refused().await, SealError::Broken(Broken::Root)));

    // With the roots that the database keeps: what was signed is something else.
    for (size, root) in &roots {
        log.superuser.execute("UPDATE audit_checkpoints SET root = $2 WHERE size = $1", &[size, &root.as_slice()]).await.expect("a root");
    }
    assert_first(&log.findings(&[]).await, &stage.named(first).await, "the database keeps another size or root beside it");

    // With checkpoints of another key, or of none: whose they are is known.
    let forger = Signer::listed(&"ab".repeat(32)).expect("a key of somebody's own");
    let origin = Checkpoint::read(stage.brought[0].as_bytes()).expect("a checkpoint");
    for (size, root) in &roots {
        let forged = Checkpoint::next(&forger, Some(&origin), u64::try_from(*size).expect("a size"), *root).expect("signed");
        log.superuser.execute("UPDATE audit_checkpoints SET note = $2 WHERE size = $1", &[size, &forged.note()]).await.expect("a note");
    }
    assert_first(&log.findings(&[]).await, &stage.named(0).await, "signed by a key nobody vouches for");
    let findings = log.findings(&stage.brought).await;
    assert!(findings.iter().any(|finding| finding.contains(&replaced(first, size))), "{findings:?}");

    // Under our own name, without our key.
    let name = stage.brought[0].lines().last().expect("a signature").to_owned();
    log.run("UPDATE audit_checkpoints c SET note = k.note, root = k.root FROM kept.audit_checkpoints k WHERE k.id = c.id AND c.size < (SELECT max(size) FROM kept.audit_checkpoints)").await;
    log.run(&format!("UPDATE audit_checkpoints SET note = regexp_replace(note, E'\\u2014 [^\\n]*', $${name}$$) WHERE size = {size}")).await;
    assert_first(&log.findings(&[]).await, &stage.named(first).await, "on the checkpoint is wrong");
    assert!(matches!(log.refused().await, SealError::Broken(Broken::Checkpoint(_))));
    stage.put_back().await;

    // A tile alone: every proof from it would be wrong.
    log.run("UPDATE audit_tiles SET hashes = overlay(hashes PLACING '\\x00' FROM 1 FOR 1) WHERE level = 1").await;
    assert_eq!(log.findings(&[]).await, ["tile 0 of level 1 is not what its leaves make it"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_in_later_is_told_from_what_was_there() {
    let stage = Stage::open().await;
    let log = &stage.log;
    let insert = "INSERT INTO audit_logs (id, entity_type, entity_id, action, created_at) VALUES ";
    let old = "('00000000-0000-4000-8000-000000000001', 'users', gen_random_uuid(), 'UPDATE', now() - interval '2 days')";
    let findings = stage.found(&format!("{insert} {old}"), &[]).await;
    assert_eq!(findings, ["an entry (audit_logs 00000000-0000-4000-8000-000000000001): put in past the triggers, and not sealed"]);

    // The next walk meets it. It is sealed as what it is: late.
    log.run("UPDATE audit_sweep SET ended_at = now() - interval '2 hours'").await;
    assert_eq!(log.seal().await, 1);
    let late = format!("entry {} (audit_logs 00000000-0000-4000-8000-000000000001", stage.size);
    assert_first(&log.findings(&[]).await, &late, "backdated: it came after the checkpoint of");
    stage.put_back().await;

    // With the time of its day, only the triggers miss it.
    let now = "('00000000-0000-4000-8000-000000000002', 'users', gen_random_uuid(), 'UPDATE', now())";
    log.run(&format!("{insert} {now}; UPDATE audit_sweep SET ended_at = now() - interval '2 hours'")).await;
    log.seal().await;
    let past = format!("entry {} (audit_logs 00000000-0000-4000-8000-000000000002", stage.size);
    assert_first(&log.findings(&[]).await, &past, "put in past the triggers, and found later");
    stage.put_back().await;

    // Through the triggers, and backdated all the same.
    log.run(&format!("SET session_replication_role = origin; {insert} {old}; SET session_replication_role = replica")).await;
    log.seal().await;
    assert_first(&log.findings(&[]).await, &late, "backdated: it came after the checkpoint of");
    stage.put_back().await;

    // Queued, and gone before it was sealed: the log keeps that it was there.
    log.run("SET session_replication_role = origin").await;
    log.run(&format!(
        "{insert} {now}; SET session_replication_role = replica; DELETE FROM audit_logs WHERE id = '00000000-0000-4000-8000-000000000002'"
    ))
    .await;
    log.seal().await;
    assert_first(&log.findings(&[]).await, &past, "deleted before it could be sealed");
}
