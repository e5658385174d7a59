//! Does everybody hear of a transaction what concerns them, once, and nobody else?

use nexus_console::{
    auth::{
        origin::{Channel, Origin, Party},
        policy::Action,
    },
    db::write::Write,
    workflows::{
        approval::{self, Decision, Standing},
        told,
    },
};
use uuid::Uuid;

use super::desk::{Desk, table};

/// What somebody was told, oldest first: "title: message".
async fn heard(desk: &Desk, username: &str) -> Vec<String> {
    let id = desk.id_of(username).await;
    desk.owner
        .query("SELECT title || ': ' || message FROM notifications WHERE user_id = $1 ORDER BY created_at, id", &[&id])
        .await
        .expect("notifications")
        .iter()
        .map(|row| row.get(0))
        .collect()
}

async fn deposit(desk: &Desk, username: &str, account: &str, amount: &str) -> Uuid {
    let id = Uuid::now_v7();
    let typed = [("account_id", account), ("transaction_type", "deposit"), ("amount", amount)];
    desk.create(username, "transactions", id, &typed).await.expect("made").id
}

/// Decides as somebody, and tells as the console does.
async fn decide(desk: &Desk, username: &str, id: Uuid, decision: Decision, reason: &str) -> Standing {
    let actor = desk.actor(username).await;
    let grant = actor.authorize(Action::Decide, table("transactions")).expect("may decide");
    let write = desk.write(&actor).await;
    let seen = approval::seen(&write, id).await.expect("read").expect("there");
    let decided = approval::decide(&write, &grant, id, decision, reason, &seen.digest).await.expect("decided");
    told::decided(&write, id, decided.standing, reason).await.expect("told");
    write.commit().await.expect("kept");
    decided.standing
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_said_once_to_those_who_may_decide_it() {
    let desk = Desk::open().await;
    let account = desk.account("user", "1001").await.to_string();
    deposit(&desk, "manager", &account, "5").await;
    deposit(&desk, "manager", &account, "6").await;
    for (username, notifications) in [("admin", 1), ("manager2", 1), ("manager", 0), ("auditor", 0), ("user", 0), ("viewer", 0)] {
        assert_eq!(heard(&desk, username).await.len(), notifications, "{username}");
    }
    assert!(heard(&desk, "admin").await[0].starts_with(told::WAITING));

    // Read, it is no reason to stay silent.
    desk.owner.execute("UPDATE notifications SET is_read = true", &[]).await.expect("read");
    let id = deposit(&desk, "manager", &account, "7").await;
    assert_eq!((heard(&desk, "admin").await.len(), heard(&desk, "manager2").await.len()), (2, 2));

    // Whoever edits it is out, and whoever had approved it is needed again.
    desk.owner.execute("UPDATE notifications SET is_read = true", &[]).await.expect("read");
    desk.save("manager2", "transactions", id, &[("amount", "8")]).await.expect("saved");
    assert_eq!((heard(&desk, "admin").await.len(), heard(&desk, "manager2").await.len(), heard(&desk, "manager").await.len()), (3, 2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_one_notification() {
    let desk = Desk::open().await;
    let account = desk.account("user", "1001").await.to_string();
    let make = |amount| deposit(&desk, "manager", &account, amount);
    tokio::join!(make("1"), make("2"), make("3"), make("4"), make("5"), make("6"));
    assert_eq!((heard(&desk, "admin").await.len(), heard(&desk, "manager2").await.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_maker_hears_how_it_ended() {
    let desk = Desk::open().await;
    let account = desk.account("user", "1001").await.to_string();
    let small = deposit(&desk, "user", &account, "1234.5").await;
    decide(&desk, "manager", small, Decision::Approve, "").await;
    let large = deposit(&desk, "user", &account, "25000").await;
    let standing = decide(&desk, "manager", large, Decision::Approve, "").await;
    assert_eq!(standing, Standing::Approved { so_far: 1, needed: 2 });
    let heard_so_far = heard(&desk, "user").await;
    assert_eq!(
        heard_so_far,
        [format!("Your transaction was approved: Deposit of 1,234.50 USD, Everyday.\nThe money has moved.\n/tables/transactions/{small}")]
    );
    decide(&desk, "admin", large, Decision::Reject, " Not ours ").await;
    assert_eq!(
        heard(&desk, "user").await[1],
        format!(
            "Your transaction was rejected: Deposit of 25,000.00 USD, Everyday.\nIt is cancelled, and no money moved.\nReason: Not ours\n/tables/transactions/{large}"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_expires_once_and_nobody_gone_is_told() {
    let desk = Desk::open().await;
    let (from, to) = (desk.account("user", "1001").await, desk.account("viewer", "1002").await);
    let manager = desk.actor("manager").await;
    let id = Uuid::now_v7();
    let write = desk.write(&manager).await;
    let target: Uuid =
        write.query_one("SELECT public.nexus_transfer($1, $2, $3, 40, 'Rent', NULL)", &[&id, &from, &to]).await.expect("made").get(0);
    told::waits(&write, target).await.expect("told");
    write.commit().await.expect("kept");
    assert_eq!((heard(&desk, "manager2").await.len(), heard(&desk, "manager").await.len()), (1, 0));

    let expire = async || {
        let write = Write::begin(&desk.pool, &Origin::job("expiry")).await.expect("a transaction");
        told::expired(&write, target, "Nobody decided it within 30 days.").await.expect("told");
        write.commit().await.expect("kept");
    };
    expire().await;
    let told = heard(&desk, "manager").await;
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("Your transaction expired: Transfer of 40.00 USD, Everyday to Everyday."), "{told:?}");

    desk.owner.execute("UPDATE users SET is_active = false WHERE username = 'manager'", &[]).await.expect("gone");
    expire().await;
    assert_eq!(heard(&desk, "manager").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_goes_to_the_maker_and_its_answer_back() {
    let desk = Desk::open().await;
    let account = desk.account("user", "1001").await.to_string();
    let id = deposit(&desk, "user", &account, "5").await;
    let ask = async |question: &str| {
        let actor = desk.actor("manager").await;
        let grant = actor.authorize(Action::Decide, table("transactions")).expect("may ask");
        let write = desk.write(&actor).await;
        let seen = approval::seen(&write, id).await.expect("read").expect("there");
        approval::ask(&write, &grant, id, question, &seen.digest).await.expect("asked");
        told::asked(&write, id, question).await.expect("told");
        write.commit().await.expect("kept");
    };
    ask("Whose invoice is this?").await;
    let question = heard(&desk, "user").await;
    assert_eq!(question.len(), 1);
    assert!(question[0].contains("Ines Okafor asks: Whose invoice is this?"), "{question:?}");

    let maker = desk.actor("user").await;
    let origin = Origin { party: Party::User(maker.id), channel: Channel::Console, ip: None, agent: None, request: None, session: None };
    let write = Write::begin(&desk.pool, &origin).await.expect("a transaction");
    approval::answer(&write, id, "Ours, of May.").await.expect("answered");
    told::answered(&write, id).await.expect("told");
    write.commit().await.expect("kept");
    let last = async || heard(&desk, "manager").await.last().cloned().unwrap_or_default();
    assert!(last().await.starts_with("Your question was answered: Deposit of 5.00 USD"), "{}", last().await);
    assert!(last().await.contains("The answer: Ours, of May."));

    ask("And which month?").await;
    desk.save("admin", "transactions", id, &[("description", "Of May")]).await.expect("saved");
    assert!(last().await.starts_with("What you asked about was edited"), "{}", last().await);
    let before = heard(&desk, "manager").await.len();
    desk.save("admin", "transactions", id, &[("description", "Of June")]).await.expect("saved");
    assert_eq!(heard(&desk, "manager").await.len(), before, "an old question is no news");
}
