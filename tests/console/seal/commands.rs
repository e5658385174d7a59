//! Does a console seal by itself, and do its commands say what they find?

use std::{os::unix::fs::PermissionsExt as _, process::Output, time::Duration};

use super::Log;
use crate::support::{Console, console, program, staffed_database};

/// Run beside the console, with its key.
async fn audit(console: &Console, arguments: &[&str]) -> Output {
    let (mut command, data_dir) = program(&console.database, &[&["audit"], arguments].concat());
    assert_eq!(data_dir, console.data_dir);
    command.output().await.expect("the program runs")
}

fn lines(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_seals_and_its_commands_verify() {
    let console = console(staffed_database().await).await;
    console.signed_in("auditor").await;
    let log = Log::of(console.database.clone()).await;
    for _ in 0..200 {
        if log.count("SELECT count(*) FROM audit_sweep WHERE walks > 0 AND NOT EXISTS (SELECT FROM audit_unsealed)").await == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let key = std::fs::metadata(console.data_dir.join("keys/audit")).expect("a key was made");
    assert_eq!(key.permissions().mode() & 0o777, 0o600);

    let taken = audit(&console, &["checkpoint"]).await;
    assert!(taken.status.success(), "{taken:?}");
    let note = lines(&taken);
    let kept = console.data_dir.join("checkpoint");
    std::fs::write(&kept, &note).expect("kept");
    assert!(note.starts_with("nexus-console/") && note.lines().count() == 5 && note.contains("\n\n\u{2014} "), "the note alone: {note}");

    let path = kept.display().to_string();
    let verified = audit(&console, &["verify", "--checkpoint", &path]).await;
    assert!(verified.status.success(), "{verified:?}");
    assert!(lines(&verified).ends_with("everything is as it was sealed\n"), "{verified:?}");

    log.run("UPDATE audit_logs SET action = 'logout' WHERE id = (SELECT entry_id FROM audit_leaves WHERE position = 3)").await;
    let verified = audit(&console, &["verify", "--checkpoint", &path]).await;
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
    assert!(lines(&verified).contains("\nentry 3 (audit_logs "), "{verified:?}");

    let missing = audit(&console, &["verify", "--checkpoint", "/nowhere"]).await;
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).starts_with("nexus-console: /nowhere: "), "{missing:?}");
    std::fs::write(&kept, &note[..60]).expect("cut");
    let cut = audit(&console, &["verify", "--checkpoint", &path]).await;
    assert_eq!(cut.status.code(), Some(1));
    assert!(lines(&cut).contains("\nthe checkpoint is cut short"), "{cut:?}");
}
