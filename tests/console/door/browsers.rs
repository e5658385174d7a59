//! Does one posting come of many browsers that approve at once, and does every other page say why not?

use futures_util::future::join_all;

use super::hall::{Hall, in_order};
use crate::support::console;

#[tokio::test(flavor = "multi_thread")]
async fn many_browsers_that_approve_at_once_post_once() {
    let hall = Hall::with_managers(20).await;
    let account = hall.account("checking", "100").await;
    let copy = "UPDATE users SET password_hash = (SELECT m.password_hash FROM users m WHERE m.username = 'manager') WHERE username LIKE 'manager%'";
    hall.owner.batch_execute(copy).await.expect("everybody has the same password");
    let mut waiting = Vec::new();
    for (amount, needed) in [("5", 1), ("10000", 2)] {
        waiting.push((hall.pending(hall.user, account, "deposit", amount).await, needed));
    }
    let pressed_often = hall.pending(hall.user, account, "deposit", "10000").await;
    let Hall { database, owner, .. } = hall;
    let console = console(database).await;
    let mut browsers = Vec::new();
    for number in 1..=20 {
        let username = if number == 1 { "manager".to_owned() } else { format!("manager{number}") };
        let browser = console.signed_in(&username).await;
        let token = browser.get("/account").await.value("csrf_token").expect("a token");
        browsers.push((browser, token));
    }
    for (transaction, needed) in waiting {
        let path = format!("/approvals/{transaction}");
        let seen = browsers[0].0.get(&path).await.value("seen").expect("the form says what it shows");
        let form = [("decision", "approve"), ("reason", ""), ("seen", seen.as_str())];
        let answers = join_all(browsers.iter().map(|(browser, token)| browser.post_with(&path, token, &form))).await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert!(statuses.iter().all(|status| matches!(status, 303 | 409)), "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), needed, "{statuses:?}");
    }
    let path = format!("/approvals/{pressed_often}");
    let (browser, token) = &browsers[0];
    let seen = browser.get(&path).await.value("seen").expect("the form says what it shows");
    let form = [("decision", "approve"), ("reason", ""), ("seen", seen.as_str())];
    let answers = join_all((0..20).map(|_| browser.post_with(&path, token, &form))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 303).count(), 1);
    assert!(answers.iter().filter(|answer| answer.status != 303).all(|answer| answer.text().contains("You already decided this")));
    let balance: String =
        owner.query_one("SELECT balance::text FROM accounts WHERE id = $1", &[&account]).await.expect("it is there").get(0);
    assert_eq!(balance, "10105.00");
    in_order(&owner).await;
}
