//! Can an outsider check an entry with two files and a key, and do they see whatever was changed about any of them?

use super::{FIRST, Folder, PROOF, SECOND, seal, signer};
use crate::support::{console_with, stocked_database};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_true_is_proved_without_a_database_and_nothing_else_is() {
    let database = stocked_database().await;
    seal(&database, FIRST).await;
    let console = console_with(database, &[("NEXUS_AUDIT_KEY", FIRST)]).await;
    let auditor = console.signed_in("auditor").await;
    let owner = console.database.as_owner().await;
    let sealed = "SELECT l.log, l.entry_id::text FROM audit_leaves l WHERE l.log = $1 ORDER BY l.position DESC LIMIT 1";
    let mut files = Vec::new();
    for log in ["audit_logs", "ssot_audit_logs"] {
        let row = owner.query_one(sealed, &[&log]).await.expect("a sealed entry");
        let (log, entry): (String, String) = (row.get(0), row.get(1));
        let [export, proof] = ["jsonl", "proof"].map(async |kind| auditor.get(&format!("{PROOF}/{log}/{entry}.{kind}")).await);
        let (export, proof) = (export.await, proof.await);
        assert_eq!((export.status, proof.status), (200, 200), "{} {}", export.text(), proof.text());
        assert!(export.headers["content-disposition"].to_str().expect("text").contains(&format!("{log}-{entry}.jsonl")));
        assert!(proof.body.starts_with("c2sp.org/tlog-proof@v1\nindex "), "{}", proof.body);
        files.push((log, entry, export.body, proof.body));
    }
    let taken = "SELECT count(*) FROM audit_logs WHERE action = 'export' AND new_values ->> 'entry' IS NOT NULL";
    assert_eq!(owner.query_one(taken, &[]).await.expect("the log").get::<_, i64>(0), 2, "that it was taken away stands in the log");

    let origin = files[0].3.split("\n\n").nth(1).and_then(|note| note.lines().next()).expect("an origin").to_owned();
    let key = signer(FIRST).public(&origin).remove(0).to_string();
    let page = auditor.get(PROOF).await;
    assert!(page.texts("[data-column=key]").join("").contains(&key), "the page shows the key: {}", page.text());
    let folder = Folder::new();
    let (log, entry, export, proof) = &files[0];
    let (status, said) = folder.check(export, proof, &key);
    assert!(status == Some(0) && said.contains(&format!("{log} {entry} is entry ")) && said.contains(&origin), "{said}");
    // As a program on another system would have kept it.
    assert_eq!(folder.check(&export.replace('\n', "\r\n"), &proof.replace('\n', "\r\n"), &key).0, Some(0));
    let both = [&files[0].2, files[1].2.as_str()].concat();
    let proofs = [&files[0].3, "\n", files[1].3.as_str()].concat();
    let (status, said) = folder.check(&both, &proofs, &key);
    assert!(status == Some(0) && said.lines().count() == 2, "{said}");

    let index: u64 = proof.lines().nth(1).and_then(|line| line.strip_prefix("index ")).expect("an index").parse().expect("a number");
    let hash = proof.lines().nth(2).expect("a hash");
    let another = signer(SECOND).public(&origin).remove(0).to_string();
    let elsewhere = signer(FIRST).public("nexus-console/another").remove(0).to_string();
    let cases: [(&str, String, String, &str, &str); 13] = [
        ("an edited entry", export.replacen("\"action\":\"", "\"action\":\"x", 1), proof.clone(), &key, "not in the log at place"),
        ("another moment", export.replacen("\"created_at\":\"2", "\"created_at\":\"3", 1), proof.clone(), &key, "not in the log at place"),
        ("a field beside", export.replacen('{', "{\"approved\":true,", 1), proof.clone(), &key, "no entry as this console exports it"),
        ("the proof of another", export.clone(), files[1].3.clone(), &key, "not in the log at place"),
        ("another place", export.clone(), proof.replacen(&format!("index {index}"), "index 0", 1), &key, "not in the log at place"),
        ("a place beyond", export.clone(), proof.replacen(&format!("index {index}"), "index 999999", 1), &key, "its checkpoint counts"),
        ("a hash less", export.clone(), proof.replacen(&format!("{hash}\n"), "", 1), &key, "not in the log at place"),
        ("a torn hash", export.clone(), proof.replacen(hash, &hash[1..], 1), &key, "not 32 bytes in base64"),
        ("a cut checkpoint", export.clone(), proof[..proof.len() - 8].to_owned(), &key, "the checkpoint is cut short"),
        ("no proof", export.clone(), "{}".to_owned(), &key, "no blank line stands before its checkpoint"),
        ("a key nobody announced", export.clone(), proof.clone(), &another, "signed by a key nobody vouches for"),
        ("a key of another log", export.clone(), proof.clone(), &elsewhere, "is of another log"),
        ("half a key", export.clone(), proof.clone(), &key[..key.len() - 4], "this is no public key of a log"),
    ];
    for (name, export, proof, key, words) in &cases {
        let (status, said) = folder.check(export, proof, key);
        assert!(status == Some(1) && said.contains(words), "{name}: {status:?} {said}");
    }
    let (status, said) = folder.check(&both, proof, &key);
    assert!(status == Some(1) && said.contains("there are 2 entries and 1 proofs"), "{said}");
    let (status, said) = folder.check("\n", proof, &key);
    assert!(status == Some(1) && said.contains("there is no entry in it"), "{said}");
    let (status, said) = folder.check(&[&both, "{}\n"].concat(), &[&proofs, "\n", proof].concat(), &key);
    assert!(status == Some(1) && said.contains("WRONG  line 3") && said.contains("1 of 3 entries are not proved"), "{said}");
}

/// Entries from before the console hold whole rows.
#[tokio::test(flavor = "multi_thread")]
async fn what_holds_a_secret_is_proved_and_not_handed_out() {
    let database = stocked_database().await;
    let old = "ALTER TABLE ssot_audit_logs DISABLE TRIGGER USER;
        INSERT INTO ssot_audit_logs (id, entity_type, entity_id, action, new_values, user_id)
        VALUES ('00000000-0000-4000-8000-0000000000a1', 'users', gen_random_uuid(), 'INSERT', '{\"password_hash\": \"$2b$12$canary\"}', 'system'),
               ('00000000-0000-4000-8000-0000000000a2', 'api_keys', gen_random_uuid(), 'INSERT', '{\"key_hash\": \"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\"}', 'system');
        ALTER TABLE ssot_audit_logs ENABLE TRIGGER USER";
    database.as_owner().await.batch_execute(old).await.expect("old entries");
    seal(&database, FIRST).await;
    let console = console_with(database, &[("NEXUS_AUDIT_KEY", FIRST)]).await;
    let auditor = console.signed_in("auditor").await;
    for entry in ["00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000a2"] {
        let address = format!("{PROOF}/ssot_audit_logs/{entry}");
        let withheld = auditor.get(&format!("{address}.jsonl")).await;
        assert_eq!(withheld.status, 409, "{}", withheld.text());
        assert!(withheld.text().contains("A secret stands in this entry") && !withheld.body.contains("canary"), "{}", withheld.text());
        assert!(withheld.attributes("main a", "href").contains(&format!("{address}.proof")));
        assert_eq!(auditor.get(&format!("{address}.proof")).await.status, 200);
    }
}
