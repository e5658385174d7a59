//! Is the proof readable for everybody, on a phone and in both themes, with findings and without?

use super::{FIRST, PROOF, page::verified, seal};
use crate::support::{Scripts, Size, console_with, stocked_database, window};

#[tokio::test(flavor = "multi_thread")]
async fn every_state_of_the_page_on_a_phone() {
    let database = stocked_database().await;
    seal(&database, FIRST).await;
    let superuser = database.as_superuser().await;
    let edit = "UPDATE audit_logs SET user_agent = 'Κατσικόπουλος <b>' WHERE id = (SELECT entry_id FROM audit_leaves WHERE log = 'audit_logs' ORDER BY position LIMIT 1) RETURNING id::text";
    let entry: String = superuser.query_one(edit, &[]).await.expect("edited").get(0);
    let console = console_with(database, &[("NEXUS_AUDIT_KEY", FIRST)]).await;
    let window = window(&console.address, Scripts::On, Size::Phone).await;
    let mut faults = Vec::new();
    window.sign_in("auditor").await;
    for path in [PROOF, &format!("{PROOF}?entry={entry}"), "/"] {
        window.open(path).await;
        window.look(path, &mut faults).await;
    }
    assert!(verified(&console.signed_in("auditor").await).await.has("[data-finding=edited]"));
    window.open(PROOF).await;
    window.look("with a finding", &mut faults).await;
    window.close().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
