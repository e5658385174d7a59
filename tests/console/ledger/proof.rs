//! Is every account looked at on request, and what does the page say of it?

use super::{
    super::support::{program, stock},
    Bank, PROOF, check,
};

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_the_log_reads_the_proof() {
    let bank = Bank::open().await;
    for (role, status) in [("admin", 200), ("manager", 200), ("auditor", 200), ("user", 403), ("viewer", 403)] {
        let browser = bank.console.signed_in(role).await;
        assert_eq!(browser.get(PROOF).await.status, status, "{role}");
        assert_eq!(browser.get(&bank.drift()).await.status, status, "{role}");
        let asked = browser.post(PROOF, &[("decision", "check")]).await.status;
        assert_eq!(asked, if status == 200 { 303 } else { 403 }, "{role}");
        let links = browser.get("/").await.attributes("nav#nav a", "href");
        assert_eq!(links.iter().any(|link| link == PROOF), status == 200, "{role}");
    }
    let made: i64 = bank.platform.query_one("SELECT count(*) FROM ledger_checks WHERE extent = 'full'", &[]).await.expect("checks").get(0);
    assert_eq!(made, 3, "nobody else had it checked");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_wrongly_is_refused() {
    let bank = Bank::open().await;
    let auditor = bank.console.signed_in("auditor").await;
    assert_eq!(auditor.get(&format!("{PROOF}?sort=x")).await.status, 400);
    assert_eq!(auditor.get(&format!("{}?before=1", bank.drift())).await.status, 400);
    assert_eq!(auditor.get(&format!("{}?before=x", bank.drift())).await.status, 400);
    assert_eq!(auditor.get(&format!("{PROOF}/7")).await.status, 400);
    assert_eq!(auditor.get(&format!("{PROOF}/00000000-0000-0000-0000-000000000000")).await.status, 404);
    assert_eq!(auditor.post(PROOF, &[("decision", "mend")]).await.status, 422);
    assert_eq!(auditor.post(PROOF, &[]).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_ledger_says_so_with_its_sums() {
    let bank = Bank::open().await;
    let auditor = bank.console.signed_in("auditor").await;
    let page = check(&auditor).await;
    assert!(page.text().contains("Checked 6 accounts: every balance is what its entries say."), "{}", page.text());
    assert!(!page.has("[data-finding]") && page.text().contains("Margit Halvorsen"), "{}", page.text());
    let sums = page.texts("section[aria-labelledby=sums-heading] tbody tr").join("; ");
    assert!(sums.starts_with("USD 6 600 .00 0 .00 0 .00 600 .00 0 .00 Fits"), "{sums}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_changed_past_the_door_is_found_frozen_and_named() {
    let bank = Bank::open().await;
    bank.past_the_door("UPDATE accounts SET balance = 150 WHERE id = $1").await;
    let manager = bank.console.signed_in("manager").await;
    let page = check(&manager).await;
    assert!(page.text().contains("1 does not fit its entries and is frozen"), "{}", page.text());
    let finding = page.texts("[data-finding=drift]").join("");
    assert!(finding.contains("accounts") && finding.contains("Account mine user"), "{finding}");
    assert!(finding.contains("150.00 USD") && finding.contains("100.00 USD"), "{finding}");
    assert!(page.attributes("[data-finding] a", "href").contains(&bank.drift()));
    assert!(bank.is_frozen().await);

    let drift = manager.get(&bank.drift()).await;
    let told = drift.texts("#explanation").join("");
    let owner = bank.console.database.owner.user().expect("a user").to_owned();
    assert!(told.contains(&format!("db:{owner} changed the balance from 100.00 USD to 150.00 USD")), "{told}");
    assert!(told.contains("explains the whole difference"), "{told}");
    assert_eq!(drift.value("difference").as_deref(), Some("50.00"));

    // The account itself says so to everybody who may read it, and nothing is decided on it.
    for (role, leads_there) in [("user", false), ("viewer", false), ("auditor", true)] {
        let record = bank.console.signed_in(role).await.get(&format!("/tables/accounts/{}", bank.account)).await;
        assert!(record.texts("#frozen").join("").contains("Frozen"), "{role}: {}", record.text());
        assert_eq!(record.attributes("#frozen a", "href").contains(&bank.drift()), leads_there, "{role}");
    }
    let refused = bank.approve(&stock::of("transactions", "user")).await.expect_err("the account is frozen");
    assert_eq!(refused.code().map(|code| code.code().to_owned()).as_deref(), Some("NX016"));
    let (mut doctor, _) = program(&bank.console.database, &["doctor"]);
    let report = doctor.output().await.expect("the program runs");
    let said = String::from_utf8_lossy(&report.stdout);
    assert!(
        report.status.code() == Some(1)
            && said.contains("WRONG  ledger: accounts frozen because their balance is not what their entries say: 1"),
        "{said}"
    );
    for (role, is_told) in [("admin", true), ("manager", true), ("auditor", false), ("user", false)] {
        let dashboard = bank.console.signed_in(role).await.get("/").await;
        assert_eq!(dashboard.has("[data-finding=ledger]"), is_told, "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_runs_already_is_not_run_twice() {
    let bank = Bank::open().await;
    let holding = "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('nexus: ledger check', 0))";
    bank.platform.batch_execute(holding).await.expect("the lock");
    let auditor = bank.console.signed_in("auditor").await;
    let answer = auditor.post(PROOF, &[("decision", "check")]).await;
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert!(answer.texts("#errors").join("").contains("running already"), "{}", answer.text());
    bank.platform.batch_execute("COMMIT").await.expect("the lock is let go");
    check(&auditor).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_is_not_two_halves_is_a_finding() {
    let bank = Bank::open().await;
    let other = stock::of("accounts", "manager");
    let statement = format!(
        "WITH source AS (INSERT INTO transactions (id, account_id, transaction_type, amount, reference_number, status)
                         VALUES (nexus_uuid7(), $1, 'transfer', -5, 'X-1', 'pending') RETURNING id),
              target AS (INSERT INTO transactions (id, account_id, transaction_type, amount, reference_number, status)
                         VALUES (nexus_uuid7(), '{other}', 'transfer', 4, 'X-1', 'pending') RETURNING id)
         INSERT INTO transaction_transfers (source_id, target_id) SELECT source.id, target.id FROM source, target"
    );
    bank.past_the_door(&statement).await;
    let auditor = bank.console.signed_in("auditor").await;
    let page = check(&auditor).await;
    let finding = page.texts("[data-finding=transfer]").join("");
    assert!(finding.contains("transaction_transfers") && finding.contains("-5.00 USD, pending"), "{finding}");
    bank.platform.execute("UPDATE transactions SET amount = 5 WHERE reference_number = 'X-1' AND amount = 4", &[]).await.expect("mended");
    assert!(!auditor.get(PROOF).await.has("[data-finding]"), "what is mended is no finding");
    let page = check(&auditor).await;
    let row = page.texts("section[aria-labelledby=transfers-heading] tbody tr").join("; ");
    assert_eq!(row, "USD 1 0 0 .00 0 Fits");
}

/// The full check adds up in one pass what the invariant asks account by account.
#[tokio::test(flavor = "multi_thread")]
async fn the_full_check_finds_what_the_invariant_says() {
    let bank = Bank::open().await;
    let odd = "
        INSERT INTO accounts (id, user_id, account_name, account_type, account_number, balance, currency)
        SELECT nexus_uuid7(), (SELECT id FROM users WHERE username = 'user'), 'Odd ' || n, 'checking', 'O-' || n, n,
               (ARRAY['USD', 'EUR', NULL])[1 + n % 3]
          FROM generate_series(1, 60) n;
        INSERT INTO transactions (id, account_id, transaction_type, amount, status)
        SELECT nexus_uuid7(), a.id, (ARRAY['deposit', 'withdrawal', 'payment', 'fee', 'interest', 'transfer'])[1 + n % 6],
               CASE WHEN n % 41 = 0 THEN 'NaN'::numeric ELSE n::numeric / 4 END, (ARRAY['completed', 'pending', 'cancelled', NULL])[1 + n % 4]
          FROM generate_series(1, 200) n JOIN accounts a ON a.account_number = 'O-' || (n % 53);
        UPDATE accounts SET balance = CASE substr(account_number, 3)::int % 3 WHEN 0 THEN NULL WHEN 1 THEN 'NaN'::numeric ELSE 5 END
         WHERE account_number ~ '^O-[1-5]$';
        INSERT INTO account_ledger_corrections (account_id, amount, decision_id)
        SELECT a.id, 7 + n, gen_random_uuid() FROM generate_series(1, 2) n JOIN accounts a ON a.account_number IN ('O-54', 'O-55');
        UPDATE accounts SET balance = l.expected FROM nexus_ledger l
         WHERE l.account_id = accounts.id AND l.expected <> 'NaN' AND account_number IN ('O-7', 'O-8', 'O-54')";
    bank.platform.batch_execute(odd).await.expect("odd accounts");
    let list = async |statement: &str| -> Vec<String> {
        bank.platform.query(statement, &[]).await.expect("a list").iter().map(|row| row.get(0)).collect()
    };
    let wrong = list("SELECT a.account_number FROM nexus_ledger l JOIN accounts a ON a.id = l.account_id WHERE l.balance IS DISTINCT FROM l.expected ORDER BY 1").await;
    assert!(wrong.len() > 20 && !wrong.contains(&"O-54".to_owned()) && wrong.contains(&"O-55".to_owned()), "{wrong:?}");
    let page = check(&bank.console.signed_in("auditor").await).await;
    let frozen = list(
        "SELECT a.account_number FROM account_ledger l JOIN accounts a ON a.id = l.account_id WHERE l.frozen_since IS NOT NULL ORDER BY 1",
    )
    .await;
    assert_eq!(frozen, wrong);
    let sums = list("SELECT coalesce(a.currency, 'Not set') || ' ' || count(*) FILTER (WHERE l.balance = 'NaN' OR l.expected = 'NaN') FROM nexus_ledger l JOIN accounts a ON a.id = l.account_id GROUP BY a.currency ORDER BY a.currency NULLS LAST").await;
    let rows = page.texts("section[aria-labelledby=sums-heading] tbody tr");
    assert!(rows.len() == sums.len() && sums.iter().any(|sum| !sum.ends_with(" 0")), "{sums:?}");
    for (row, sum) in rows.iter().zip(&sums) {
        let (currency, odd) = sum.rsplit_once(' ').expect("two words");
        assert!(row.starts_with(currency), "{row}, {sum}");
        assert_eq!(row.contains(&format!("{odd} not a number")), odd != "0", "{row}, {sum}");
    }
}
