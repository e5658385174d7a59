//! Does the header count what its reader has not read, and does a notification lead to what it is about?

use super::{
    forms::{account, filled, id_of, send, with},
    support::{Answer, console, staffed_database},
};

fn bell(page: &Answer) -> (String, Option<String>) {
    (page.attributes("a.bell[href='/notifications']", "aria-label").remove(0), page.texts("a.bell b").into_iter().next())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bell_counts_what_is_unread_and_not_out_of_date_to_99() {
    let console = console(staffed_database().await).await;
    let client = console.database.as_owner().await;
    let viewer = console.signed_in("viewer").await;
    assert_eq!(bell(&viewer.get("/").await), ("Notifications, 0 unread".to_owned(), None));
    let tell = async |count: i32, read: bool, expires: &str| {
        let told = "INSERT INTO notifications (id, user_id, title, message, notification_type, is_read, expires_at) \
            SELECT public.nexus_uuid7(), u.id, 'Notice', 'Something', 'info', $2, now() + $3::text::interval \
              FROM users u, generate_series(1, $1) WHERE u.username IN ('viewer', 'admin')";
        client.execute(told, &[&count, &read, &expires]).await.expect("told");
    };
    tell(2, false, "1 day").await;
    tell(3, true, "1 day").await;
    tell(4, false, "-1 day").await;
    assert_eq!(bell(&viewer.get("/").await), ("Notifications, 2 unread".to_owned(), Some("2".to_owned())));
    tell(97, false, "1 day").await;
    assert_eq!(bell(&viewer.get("/").await).1.as_deref(), Some("99"));
    tell(1, false, "1 day").await;
    let page = viewer.get("/").await;
    assert_eq!(bell(&page), ("Notifications, more than 99 unread".to_owned(), Some("99+".to_owned())));
    assert!(page.texts("nav .count").iter().any(|count| count.starts_with("99+")), "{:?}", page.texts("nav .count"));

    // Whoever may read everybody's is led to their own.
    let admin = console.signed_in("admin").await;
    let own = admin.get("/notifications").await.location.expect("a list");
    assert_eq!(own, format!("/tables/notifications?user_id={}", id_of(&console, "admin").await));
    assert_eq!(admin.get(&own).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_leads_to_what_it_is_about_and_nowhere_else() {
    let console = console(staffed_database().await).await;
    let (admin, manager) = (console.signed_in("admin").await, console.signed_in("manager").await);
    let account = account(&admin, "Kestrel", "1", "USD", &id_of(&console, "user").await).await;
    let account = account.rsplit('/').next().expect("an id");
    let page = admin.get("/tables/transactions/new").await;
    let changes = [("account_id", account), ("transaction_type", "deposit"), ("amount", "5")];
    assert_eq!(send(&admin, "/tables/transactions", &with(filled(&page), &changes)).await.status, 303);
    let told = manager.get("/tables/notifications").await;
    assert_eq!(told.rows().len(), 1);
    let notification = manager.get(&format!("/tables/notifications/{}", told.rows()[0])).await;
    assert!(notification.text().contains("Transactions wait for your decision"), "{}", notification.text());
    assert!(notification.has("main ul.lines a[href='/approvals']"));

    let client = console.database.as_owner().await;
    for elsewhere in ["//example.com", "/logout", "https://example.com/approvals", "/approvals\\evil"] {
        client.execute("UPDATE notifications SET message = 'See' || E'\\n' || $1::text", &[&elsewhere]).await.expect("told");
        let notification = manager.get(&format!("/tables/notifications/{}", told.rows()[0])).await;
        assert!(!notification.attributes("main ul.lines a", "href").iter().any(|href| href == elsewhere), "{elsewhere}");
    }
}
