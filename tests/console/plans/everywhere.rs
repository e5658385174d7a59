//! What does a search over all tables read, of common words and of rare ones, of everything and of what is one's own?

use nexus_console::{
    auth::role::Role,
    resource::{
        Resource,
        search::{Answer, Place, everywhere},
        sought::Sought,
    },
    tables::TABLES,
};
use uuid::Uuid;

use super::meter::{BOUND, Meter, grant};

fn places(role: Role, id: Uuid) -> Vec<Place> {
    let searched = |resource: &&&'static Resource| resource.found_globally().next().is_some();
    let readable = |resource: &&&'static Resource| role == Role::Admin || resource.table != "users";
    TABLES
        .iter()
        .filter(searched)
        .filter(readable)
        .map(|resource| Place { grant: grant(resource, role, id), columns: resource.listed().collect() })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_over_all_tables_reads_a_few_thousand_rows_of_each() {
    let meter = Meter::new().await;
    let most = "SELECT a.user_id::text FROM accounts a JOIN transactions t ON t.account_id = a.id GROUP BY a.user_id ORDER BY count(*) DESC LIMIT 1";
    let somebody = meter.texts(most).await.remove(0).parse().expect("an id");
    let reference = meter
        .texts("SELECT reference_number FROM transactions WHERE reference_number IS NOT NULL ORDER BY transaction_date LIMIT 1")
        .await
        .remove(0);
    let id = meter.texts("SELECT id::text FROM transactions LIMIT 1").await.remove(0);
    let words = [
        "invoice",
        "demurrage",
        "zanzibar",
        "no such words at all",
        "invoice zanzibar",
        "zanzibar invoice demurrage",
        "e",
        "in",
        &reference,
        &id,
    ];
    let mut excesses = Vec::new();
    for (role, whose) in [(Role::Admin, Uuid::nil()), (Role::User, somebody), (Role::User, Uuid::nil())] {
        let places = places(role, whose);
        for text in words {
            let (rows, answers) = meter.rows_read(everywhere(&meter.pages, &places, &Sought::of(text))).await;
            let answers = answers.expect("answers");
            if rows > BOUND {
                excesses.push(format!("{rows:>8} rows for {role:?} {whose} searching {text}"));
            }
            assert!(answers.iter().all(|answer| matches!(answer, Answer::Found { .. })), "{role:?} {text}: {answers:?}");
            let hits = |answer: &Answer| matches!(answer, Answer::Found { hits, .. } if !hits.is_empty());
            if role == Role::Admin && ["invoice", "demurrage", "zanzibar", reference.as_str(), id.as_str()].contains(&text) {
                assert!(answers.iter().any(hits), "{text} is somewhere");
            }
        }
    }
    assert!(excesses.is_empty(), "{}", excesses.join("\n"));
}
