//! Does exactly one posting come of many who decide at once, and does nobody hear of a lock?

use uuid::Uuid;

use super::hall::{Hall, accepted, approve, reject};

#[tokio::test(flavor = "multi_thread")]
async fn many_who_approve_one_transaction_post_it_once() {
    let hall = Hall::with_managers(20).await;
    let mut expected = 100;
    let account = hall.account("checking", "100").await;
    for deciders in [2, 2, 2, 20, 20] {
        for (amount, needed) in [(5, 1), (10_000, 2)] {
            let transaction = hall.pending(hall.user, account, "deposit", &amount.to_string()).await;
            let digest = hall.digest(transaction).await;
            let said =
                hall.at_once(hall.managers[..deciders].iter().map(|person| (*person, approve(transaction, &digest))).collect()).await;
            assert_eq!(accepted(&said, &["NX003"]), needed, "{deciders} deciders: {said:?}");
            expected += amount;
            assert_eq!(hall.status(transaction).await, "completed");
            assert_eq!(hall.balance(account).await, format!("{expected}.00"));
        }
    }
    hall.in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_presses_twenty_times_decides_once() {
    let hall = Hall::with_managers(2).await;
    let account = hall.account("checking", "0").await;
    for amount in ["5", "10000"] {
        let transaction = hall.pending(hall.user, account, "deposit", amount).await;
        let digest = hall.digest(transaction).await;
        let said = hall.at_once(vec![(hall.managers[0], approve(transaction, &digest)); 20]).await;
        assert_eq!(accepted(&said, &["NX018"]), 1, "{said:?}");
    }
    assert_eq!(hall.balance(account).await, "5.00");
    hall.in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_transactions_on_one_account_are_posted_one_behind_the_other() {
    let hall = Hall::with_managers(20).await;
    let account = hall.account("checking", "100").await;
    let mut attempts = Vec::new();
    for place in 0..20 {
        // Ten times 15 out, ten times 1 in: at 100 to begin with, no order lets all the ten out.
        let (kind, amount) = if place % 2 == 0 { ("withdrawal", "15") } else { ("deposit", "1") };
        let transaction = hall.pending(hall.user, account, kind, amount).await;
        attempts.push((hall.managers[place], approve(transaction, &hall.digest(transaction).await)));
    }
    let said = hall.at_once(attempts).await;
    accepted(&said, &["NX017"]);
    let outs = said.iter().step_by(2).filter(|said| said.is_ok()).count();
    assert!(said.iter().skip(1).step_by(2).all(Result::is_ok), "{said:?}");
    assert!((6..=7).contains(&outs), "{outs} withdrawals of 15 out of 100 to 110");
    assert_eq!(hall.balance(account).await, format!("{}.00", 110 - 15 * outs));
    hall.in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_there_and_back_are_decided_at_once_without_a_deadlock() {
    let hall = Hall::with_managers(20).await;
    let (one, two) = (hall.account("checking", "1000").await, hall.account("checking", "1000").await);
    for _ in 0..5 {
        let mut attempts = Vec::new();
        for place in 0..10 {
            let (source, target) = if place % 2 == 0 { (one, two) } else { (two, one) };
            let id = Uuid::now_v7();
            let made = hall.as_user(hall.user, &format!("SELECT nexus_transfer('{id}', '{source}', '{target}', 7, NULL, NULL)")).await;
            let counter: Uuid = made.expect("made").expect("an id").parse().expect("a uuid");
            let digest = hall.digest(id).await;
            // Both legs are pressed, by different people.
            attempts.push((hall.managers[place], approve(id, &digest)));
            attempts.push((hall.managers[place + 10], approve(counter, &digest)));
        }
        let said = hall.at_once(attempts).await;
        assert_eq!(accepted(&said, &["NX003"]), 10, "{said:?}");
        assert_eq!((hall.balance(one).await, hall.balance(two).await), ("1000.00".to_owned(), "1000.00".to_owned()));
    }
    assert_eq!(hall.count("SELECT count(*) FROM transaction_approvals").await, 100);
    hall.in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_a_transaction_at_once_one_of_it_happens() {
    let hall = Hall::with_managers(6).await;
    hall.owner
        .batch_execute(
            "INSERT INTO system_settings (setting_key, setting_value, setting_type) VALUES ('approval_expiry_days', '1', 'integer')",
        )
        .await
        .expect("a setting");
    let account = hall.account("checking", "100").await;
    let mut answered = std::collections::BTreeMap::<&str, usize>::new();
    for round in 0..12 {
        let transaction = hall.pending(hall.user, account, "deposit", if round % 2 == 0 { "5" } else { "10000" }).await;
        let digest = hall.digest(transaction).await;
        let what = [
            ("approve", hall.managers[0], approve(transaction, &digest)),
            ("approve", hall.managers[1], approve(transaction, &digest)),
            ("reject", hall.managers[2], reject(transaction, &digest)),
            ("edit", hall.managers[3], format!("UPDATE transactions SET amount = amount + 1 WHERE id = '{transaction}'")),
            ("ask", hall.managers[4], format!("SELECT nexus_ask('{transaction}', 'why?', '{digest}')")),
            ("withdraw", hall.user, format!("SELECT nexus_decide('{transaction}', 'withdraw', 'mine', NULL)")),
        ];
        let said = hall.at_once(what.iter().map(|(_, person, statement)| (*person, statement.clone())).collect()).await;
        accepted(&said, &["NX003", "NX015", "NX021"]);
        for ((name, ..), said) in what.iter().zip(&said) {
            *answered.entry(name).or_default() += usize::from(said.is_ok());
        }
        let finals = usize::from(said[2].is_ok()) + usize::from(said[5].is_ok());
        let status = hall.status(transaction).await;
        assert_eq!(finals, usize::from(status == "cancelled"), "{status}: {said:?}");
    }
    hall.in_order().await;
    assert!(answered.values().sum::<usize>() >= 12, "{answered:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn time_and_people_do_not_both_end_a_transaction() {
    let hall = Hall::with_managers(4).await;
    let account = hall.account("checking", "100").await;
    hall.owner
        .batch_execute(
            "INSERT INTO system_settings (setting_key, setting_value, setting_type) VALUES ('approval_expiry_days', '1', 'integer')",
        )
        .await
        .expect("a setting");
    for _ in 0..5 {
        let transaction = hall.pending(hall.user, account, "deposit", "5").await;
        let digest = hall.digest(transaction).await;
        hall.owner
            .execute("UPDATE transactions SET created_at = now() - interval '2 days' WHERE id = $1", &[&transaction])
            .await
            .expect("long ago");
        let expire =
            format!("SET LOCAL nexus.actor = 'system:expiry'; SELECT nexus_decide('{transaction}', 'expire', 'nobody decided', NULL)");
        let said = hall
            .at_once(vec![
                (hall.managers[0], approve(transaction, &digest)),
                (hall.managers[1], expire.clone()),
                (hall.managers[2], expire),
                (hall.user, format!("SELECT nexus_decide('{transaction}', 'withdraw', 'mine', NULL)")),
            ])
            .await;
        assert_eq!(accepted(&said, &["NX003", "NX020"]), 1, "{said:?}");
        assert_eq!(hall.status(transaction).await, "cancelled");
    }
    assert_eq!(hall.balance(account).await, "100.00");
    hall.in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_who_lost_the_right_before() {
    let hall = Hall::with_managers(4).await;
    let account = hall.account("checking", "0").await;
    for round in 0..8 {
        let transaction = hall.pending(hall.user, account, "deposit", "5").await;
        let digest = hall.digest(transaction).await;
        let lose = if round % 2 == 0 { "is_active = false" } else { "role = 'viewer'" };
        let said = hall
            .at_once(vec![
                (hall.managers[0], approve(transaction, &digest)),
                (hall.admin, format!("UPDATE users SET {lose} WHERE id = '{}'", hall.managers[0])),
            ])
            .await;
        assert!(said[1].is_ok(), "{said:?}");
        accepted(&said, &["NX007"]);
        assert_eq!(hall.status(transaction).await, if said[0].is_ok() { "completed" } else { "pending" });
        hall.owner
            .batch_execute("UPDATE users SET is_active = true, role = 'manager' WHERE username LIKE 'manager%'")
            .await
            .expect("again");
    }
    hall.in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_go_at_once_strand_nothing_together() {
    let hall = Hall::with_managers(2).await;
    let account = hall.account("checking", "0").await;
    // Made by the administrator, so both managers are needed for two approvals, and one of them for one.
    let small = hall.pending(hall.admin, account, "deposit", "5").await;
    let (one, two) = (hall.managers[0], hall.managers[1]);
    let go = |person: Uuid| format!("UPDATE users SET is_active = false WHERE id = '{person}'");
    for _ in 0..5 {
        let said = hall.at_once(vec![(hall.admin, go(one)), (hall.admin, go(two))]).await;
        assert_eq!(accepted(&said, &["NX013"]), 1, "{said:?}");
        hall.owner.batch_execute("UPDATE users SET is_active = true").await.expect("again");
    }
    assert_eq!(hall.status(small).await, "pending");
    // In one statement too, whether the one or both of them are needed.
    let both = "UPDATE users SET is_active = false WHERE role = 'manager'";
    assert_eq!(hall.as_user(hall.admin, both).await, Err("NX013".to_owned()));
    let digest = hall.digest(small).await;
    hall.as_user(one, &reject(small, &digest)).await.expect("out of the way");
    hall.pending(hall.admin, account, "deposit", "10000").await;
    for all in [both.to_owned(), format!("WITH first AS ({} RETURNING id) {}", go(one), go(two))] {
        assert_eq!(hall.as_user(hall.admin, &all).await, Err("NX013".to_owned()), "{all}");
    }
    let exchange = format!("UPDATE users SET role = CASE WHEN id = '{two}' THEN 'admin' ELSE 'manager' END WHERE id IN ('{one}', '{two}')");
    hall.as_user(hall.admin, &exchange).await.expect("whoever still decides is not gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reversed_by_many_at_once_is_reversed_once() {
    let hall = Hall::with_managers(20).await;
    let (one, two) = (hall.account("checking", "100").await, hall.account("savings", "100").await);
    let single = hall.pending(hall.user, one, "deposit", "5").await;
    let source = Uuid::now_v7();
    let made = hall.as_user(hall.user, &format!("SELECT nexus_transfer('{source}', '{one}', '{two}', 7, NULL, NULL)")).await;
    let target: Uuid = made.expect("made").expect("an id").parse().expect("a uuid");
    for transaction in [single, source] {
        let digest = hall.digest(transaction).await;
        hall.as_user(hall.managers[0], &approve(transaction, &digest)).await.expect("approved");
    }
    for legs in [[single, single], [source, target]] {
        let reverse = |place: usize| format!("SELECT nexus_reverse('{}', '{}', 'a mistake')", Uuid::now_v7(), legs[place % 2]);
        let said = hall.at_once((0..20).map(|place| (hall.managers[place], reverse(place))).collect()).await;
        assert_eq!(accepted(&said, &["NX023"]), 1, "{said:?}");
    }
    assert_eq!(hall.count("SELECT count(*) FROM transaction_reversals").await, 3);
    hall.in_order().await;
}
