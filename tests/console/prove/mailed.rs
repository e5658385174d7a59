//! Do checkpoints leave the database by themselves, and does one that has left show that the log was cut short?

use std::time::{Duration, Instant};

use nexus_console::audit::seal::{checkpoint::Checkpoint, outside::Folder};

use super::{FIRST, PROOF, seal};
use crate::{
    letters::mail_server,
    support::{console_with, stocked_database},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_is_kept_in_a_file_and_mailed_once_a_day() {
    let (port, mut letters) = mail_server().await;
    let database = stocked_database().await;
    seal(&database, FIRST).await;
    let console = console_with(
        database,
        &[("NEXUS_AUDIT_KEY", FIRST), ("NEXUS_SMTP_URL", &format!("smtp://127.0.0.1:{port}")), ("NEXUS_AUDIT_MAIL", "audit@example.com")],
    )
    .await;
    let letter = tokio::time::timeout(Duration::from_secs(60), letters.recv()).await.expect("a letter").expect("a letter");
    assert!(letter.contains("RCPT TO:<audit@example.com>") && letter.contains("nexus-console/"), "{letter}");
    let owner = console.database.as_owner().await;
    let mailed = "SELECT count(*) FROM audit_logs WHERE action = 'checkpoint_mailed' AND new_values ->> 'to' = 'audit@example.com'";
    let since = Instant::now();
    while owner.query_one(mailed, &[]).await.expect("the log").get::<_, i64>(0) != 1 {
        assert!(since.elapsed() < Duration::from_secs(10), "that it was mailed stands in the log");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let folder = Folder::under(&console.data_dir);
    let kept = folder.greatest().expect("a folder").expect("a checkpoint");
    let note: String = owner
        .query_one("SELECT note FROM audit_checkpoints WHERE size = $1::text::bigint", &[&kept.size.to_string()])
        .await
        .expect("that very checkpoint")
        .get(0);
    assert_eq!(kept.note(), note);
    // Somebody takes the end of the log away, with all that says that it was there; the file still says so.
    let auditor = console.signed_in("auditor").await;
    assert!(!auditor.get(PROOF).await.has("[data-finding=cut]"));
    let longer = Checkpoint::next(&super::signer(FIRST), Some(&kept), 1_000_000, [5; 32]).expect("signed");
    folder.append(chrono::Utc::now().date_naive(), longer.note()).expect("kept");
    let page = auditor.get(PROOF).await;
    assert!(page.texts("[data-finding=cut]").join("").contains("counts 1,000,000 entries"), "{}", page.text());
}
