//! Do the platform's passwords open the console, each kind of them, and nothing else that stands in their place?

use super::{Console, column, one, opened};
use crate::support::{Answer, Browser, PASSWORD, console, nexus3};

async fn attempt(console: &Console, name: &str, password: &str) -> (Browser, Answer) {
    let browser = console.browser();
    let token = browser.get("/login").await.value("csrf_token").expect("a token");
    let answer = browser.post_with("/login", &token, &[("username", name), ("password", password)]).await;
    (browser, answer)
}

async fn hash(console: &Console, name: &str) -> String {
    one(console, &format!("SELECT password_hash FROM users WHERE username = '{name}'")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_logged_in_to_the_platform_logs_in_here_by_email() {
    let console = opened().await;
    let mut kinds = Vec::new();
    for name in ["admin", "manager", "manager2", "auditor", "user", "viewer"] {
        let before = hash(&console, name).await;
        kinds.push(before[..6].to_owned());
        let unchanged = format!(
            "SELECT (to_jsonb(u) - 'password_hash' - 'last_login' - 'updated_at' - 'updated_by')::text FROM users u WHERE username = '{name}'"
        );
        let row = one(&console, &unchanged).await;
        let (browser, answer) = attempt(&console, &format!("{name}@example.com"), PASSWORD).await;
        assert_eq!(answer.status, 303, "{name} with {before}: {}", answer.text());
        assert_eq!(browser.get("/").await.status, 200, "{name}");
        let after = hash(&console, name).await;
        assert!(after.starts_with("$argon2id$"), "{name}: {after}");
        assert_eq!(one(&console, &unchanged).await, row, "{name}: nothing else of them changed");
        let (_, again) = attempt(&console, &format!("{name}@example.com"), PASSWORD).await;
        assert_eq!(again.status, 303, "{name}");
        assert_eq!(hash(&console, name).await, after, "{name}: once is enough");
    }
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds, ["$2a$04", "$2a$05", "$2b$04", "$2b$05", "$2y$04", "$2y$05"]);

    // The log says who it was, that the hash was replaced, and neither of the two.
    let logins = "SELECT coalesce(new_values ->> 'password', 'as it was') || ' ' || count(*) FROM audit_logs WHERE entity_type = 'event' AND action = 'login' \
                  GROUP BY new_values ->> 'password' ORDER BY 1";
    assert_eq!(column(&console, logins).await, ["as it was 6", "rehashed 6"], "each of six logged in twice");
    let entries = "SELECT count(*)::text FROM audit_logs l JOIN users u ON u.id = l.user_id WHERE l.entity_type = 'users' AND l.action = 'UPDATE' \
                   AND l.entity_id = u.id AND l.old_values ->> 'password_hash' <> l.new_values ->> 'password_hash'";
    assert_eq!(one(&console, entries).await, "6");
    let hashes = "SELECT count(*)::text FROM audit_logs WHERE created_at > now() - interval '1 hour' AND (old_values::text || new_values::text) ~ '(\\$2[aby]\\$|argon2)'";
    assert_eq!(one(&console, hashes).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn bcrypt_reads_72_bytes_and_no_more() {
    let console = opened().await;
    let (n, e) = ("n".repeat(72), "\u{e9}".repeat(36));
    for (name, password, status) in [
        ("longwinded", "n".repeat(71), 422),
        ("longwinded", format!("{}x", "n".repeat(71)), 422),
        ("longwinded", format!("{n} whatever follows"), 303),
        // From then on the whole of what was typed counts.
        ("longwinded", n.clone(), 422),
        ("longwinded", format!("{n} whatever follows"), 303),
        ("accentue", "\u{e9}".repeat(35), 422),
        ("accentue", format!("{e}apr\u{e8}s"), 303),
        ("accentue", format!("{e}avant"), 422),
    ] {
        let (_, answer) = attempt(&console, &format!("{name}@example.com"), &password).await;
        assert_eq!(answer.status, status, "{name} {password}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_hash_opens_nothing() {
    let database = nexus3::adopted_database().await;
    let stored =
        "SELECT email, password_hash FROM users WHERE username LIKE 'locked%' OR password_hash LIKE 'canary-7f3a-odd-%' ORDER BY username";
    let owner = database.as_owner().await;
    let people: Vec<(String, String)> =
        owner.query(stored, &[]).await.expect("people").iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(people.len(), 38);
    // A console lets one address fail six times before it makes it wait.
    for few in people.chunks(6) {
        let console = console(database.clone()).await;
        for (email, stored) in few {
            let password = if stored.is_empty() { PASSWORD } else { stored };
            let (browser, answer) = attempt(&console, email, password).await;
            assert_eq!(answer.status, 422, "{email:?} with {stored}: {}", answer.text());
            assert_eq!(answer.texts("#errors p"), ["User name or password is not right."], "{stored}");
            assert_ne!(browser.get("/").await.status, 200, "{stored}");
        }
    }
    let after: Vec<(String, String)> = owner.query(stored, &[]).await.expect("people").iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(after, people, "what stands there is not touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_means_whose_it_is_and_case_tells_people_apart() {
    let console = opened().await;
    // Somebody has taken the viewer's address for a user name; the platform knows people by their address.
    let (browser, answer) = attempt(&console, "viewer@example.com", PASSWORD).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(browser.get("/account").await.text().contains("Viewer"));
    for (name, status) in [("admin", 303), ("ADMIN", 422), ("Admin", 422), ("ADMIN@EXAMPLE.COM", 422), ("Manager@Example.com", 303)] {
        let (_, answer) = attempt(&console, name, PASSWORD).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
    }
}
