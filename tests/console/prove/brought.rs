//! Is each bad checkpoint that somebody brings told in words of its own, with a status that says so?

use std::process::Output;

use nexus_console::audit::seal::checkpoint::Checkpoint;

use super::{FIRST, Folder, SECOND, seal, signer};
use crate::support::{TestDatabase, program, stocked_database};

async fn audit(database: &TestDatabase, folder: &Folder, keys: Option<&str>, arguments: &[&str]) -> Output {
    let (mut command, data_dir) = program(database, &[&["audit"], arguments].concat());
    std::fs::remove_dir_all(data_dir).expect("a folder that is not needed");
    command.env("NEXUS_DATA_DIR", folder.0.join("data"));
    if let Some(keys) = keys {
        command.env("NEXUS_AUDIT_KEY", keys);
    }
    command.output().await.expect("the program runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_it_is_said_and_the_status_is_not_zero() {
    let database = stocked_database().await;
    seal(&database, FIRST).await;
    let owner = database.as_owner().await;
    let newest = "SELECT note FROM audit_checkpoints ORDER BY size DESC, id DESC LIMIT 1";
    let note: String = owner.query_one(newest, &[]).await.expect("a checkpoint").get(0);
    let sound = Checkpoint::read(note.as_bytes()).expect("a checkpoint");
    let next = |keys, size, root| Checkpoint::next(&signer(keys), Some(&sound), size, root).expect("signed").note().to_owned();
    let folder = Folder::new();
    for (name, brought, words) in [
        ("sound", note.clone(), None),
        ("other", Checkpoint::next(&signer(FIRST), None, 1, [1; 32]).expect("signed").note().to_owned(), Some("is of another log")),
        ("newer", next(FIRST, sound.size + 1_000, [1; 32]), Some("deleted, with all that follows: a checkpoint counts")),
        ("changed", note.replacen(&format!("\n{}\n", sound.size), "\n1\n", 1), Some("is wrong: the text was changed after it was signed")),
        ("unknown", next(SECOND, sound.size, sound.root), Some("is signed by a key nobody vouches for")),
        ("cut", note[..note.len() - 40].to_owned(), Some("the checkpoint is cut short")),
        ("rehashed", next(FIRST, sound.size, [1; 32]), Some("has another root")),
    ] {
        let file = folder.file(name, &brought);
        let answer = audit(&database, &folder, Some(FIRST), &["verify", "--checkpoint", &file]).await;
        let said = String::from_utf8_lossy(&answer.stdout);
        assert_eq!(answer.status.code(), Some(i32::from(words.is_some())), "{name}: {said}");
        assert!(said.contains(words.unwrap_or("everything is as it was sealed")), "{name}: {said}");
    }
    // Whoever has not the log's key makes no checkpoint of it: nobody could tell it from a forged one.
    for keys in [None, Some(SECOND)] {
        let answer = audit(&database, &folder, keys, &["checkpoint"]).await;
        let said = String::from_utf8_lossy(&answer.stderr);
        assert!(answer.status.code() == Some(1) && answer.stdout.is_empty() && said.contains("NEXUS_AUDIT_KEY"), "{said}");
    }
    let after: String = owner.query_one(newest, &[]).await.expect("a checkpoint").get(0);
    assert_eq!(after, note);
}
