//! Does whoever trusts an old key still come to an entry that a new one stands for?

use super::{FIRST, Folder, PROOF, SECOND, THIRD, seal, signer};
use crate::support::{console_with, stocked_database};

#[tokio::test(flavor = "multi_thread")]
async fn proofs_carry_the_announcements_and_nobody_else_s_key_is_believed() {
    let database = stocked_database().await;
    let owner = database.as_owner().await;
    let grow = async |keys: &str| {
        owner.execute("INSERT INTO ssot_governance_rules (id, rule_name, rule_type, rule_config, created_by, updated_by) VALUES (gen_random_uuid(), gen_random_uuid()::text, 'validation', '{}', 'x', 'x')", &[]).await.expect("a rule");
        seal(&database, keys).await;
    };
    let both = [SECOND, ",", FIRST].concat();
    for keys in [FIRST, &both, &both] {
        grow(keys).await;
    }
    let notes: Vec<String> = owner
        .query("SELECT note FROM audit_checkpoints ORDER BY size, id", &[])
        .await
        .expect("checkpoints")
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(notes.iter().filter(|note| note.contains("\nnext-key ")).count(), 1, "{notes:?}");

    let console = console_with(database.clone(), &[("NEXUS_AUDIT_KEY", &both)]).await;
    let auditor = console.signed_in("auditor").await;
    let entry: String = owner
        .query_one("SELECT entry_id::text FROM audit_leaves WHERE log = 'ssot_audit_logs' ORDER BY position DESC LIMIT 1", &[])
        .await
        .expect("sealed")
        .get(0);
    let export = auditor.get(&format!("{PROOF}/ssot_audit_logs/{entry}.jsonl")).await.body;
    let proof = auditor.get(&format!("{PROOF}/ssot_audit_logs/{entry}.proof")).await.body;
    assert!(proof.lines().nth(1).is_some_and(|line| line.starts_with("extra ")), "{proof}");
    let origin = notes[0].lines().next().expect("an origin");
    let folder = Folder::new();
    for (keys, expected) in [(FIRST, 0), (SECOND, 0), (THIRD, 1)] {
        let key = signer(keys).public(origin).remove(0).to_string();
        let (status, said) = folder.check(&export, &proof, &key);
        assert_eq!(status, Some(expected), "{said}");
    }
    // Without the announcement the old key leads nowhere.
    let bare: String = proof.lines().filter(|line| !line.starts_with("extra ")).map(|line| format!("{line}\n")).collect();
    let (status, said) = folder.check(&export, &bare, &signer(FIRST).public(origin).remove(0).to_string());
    assert!(status == Some(1) && said.contains("nobody vouches for"), "{said}");

    let page = auditor.get(PROOF).await;
    let rows = page.texts("tr[data-id] td[data-column=consistency]");
    assert!(rows.len() >= 3 && rows.iter().all(|row| row == "Consistent"), "{rows:?}");
    let keys = page.texts("[data-column=key] dt, dl [data-column=key]").join(" ");
    assert!(keys.contains("Public key") && keys.contains("Earlier key"), "{keys}");
}
