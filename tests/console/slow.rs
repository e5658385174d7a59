//! What does a list say that takes too long, and does it find its way back?

use nexus_console::{
    auth::role::Role,
    db::pool::{Database, ServingRole},
    resource::{
        request::ListRequest,
        store::{self, Count},
    },
    tables::transactions,
};

use crate::{
    plans,
    support::{console, stocked_database},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_takes_too_long_ends_on_its_page_with_the_filters_that_would_help() {
    let console = console(stocked_database().await).await;
    let admin = console.signed_in("admin").await;
    let mut holder = console.database.as_owner().await;
    let held = holder.transaction().await.expect("a transaction");
    // Whoever waits for this lock waits until the statement's own time is over.
    held.batch_execute("LOCK TABLE transactions IN ACCESS EXCLUSIVE MODE").await.expect("held");
    let asked = "/tables/transactions?status=pending&amount.min=1&sort=-amount";
    let page = admin.get(asked).await;
    assert_eq!(page.status, 503, "{}", page.text());
    assert!(page.headers.contains_key("retry-after"));
    assert_eq!(page.texts("h1"), ["Transactions"], "it is the list's own page");
    let said = page.texts(".empty").concat();
    assert!(said.contains("takes too long"), "{said}");
    for filter in ["Account", "Type", "Created by"] {
        assert!(said.contains(filter), "{filter}: {said}");
    }
    assert!(!said.contains("Status"), "not one that is set already: {said}");
    let chips = page.texts(".chip b").concat();
    assert!(chips.contains("Pending") && chips.contains('1'), "the filters stand: {chips}");
    assert!(page.has("form[action='/tables/transactions'] input[name=q]"), "and there is a way on");
    let others = admin.get("/tables/accounts").await;
    assert_eq!(others.status, 200, "nobody else is kept");

    held.rollback().await.expect("let go");
    assert_eq!(admin.get(asked).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_takes_too_long_is_left_open() {
    let database = stocked_database().await;
    let connection = Database::new(database.application.manager(), 1, ServingRole::LoggedIn).read().await.expect("a connection");
    let grant = plans::grant(&transactions::RESOURCE, Role::Admin, uuid::Uuid::nil());
    let filter = [("amount.min".to_owned(), "1".to_owned())];
    let asked = ListRequest::parse(&transactions::RESOURCE, &filter, chrono_tz::Tz::UTC).expect("declared");
    let mut holder = database.as_owner().await;
    let held = holder.transaction().await.expect("a transaction");
    held.batch_execute("LOCK TABLE transactions IN ACCESS EXCLUSIVE MODE").await.expect("held");
    assert_eq!(store::count(&connection, &grant, &asked).await.expect("an answer"), Count::Unknown);
    held.rollback().await.expect("let go");
    assert!(matches!(store::count(&connection, &grant, &asked).await.expect("an answer"), Count::Exactly(1..)));
}
