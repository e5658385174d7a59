//! What does a list read that no index holds in its order, and that matches too much to be gathered?

use chrono_tz::Tz;
use nexus_console::{
    auth::role::Role,
    resource::{
        page::{self, FAR, Page},
        request::{ListRequest, Position},
    },
    tables::transactions::RESOURCE,
};
use uuid::Uuid;

use super::{
    meter::{BOUND, Meter, grant},
    questions::Pairs,
};

/// Each row once to know where a stretch ends, and once to look at it.
const MOST: i64 = 2 * FAR as i64 + BOUND;

fn pairs(pairs: &[(&str, &str)]) -> Pairs {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn read(meter: &Meter, asked: &ListRequest) -> (i64, Page) {
    let everything = grant(&RESOURCE, Role::Admin, Uuid::nil());
    let (rows, page) = meter.rows_read(Box::pin(page::read(&meter.pages, &everything, asked))).await;
    (rows, page.expect("it answers"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_matches_much_and_none_of_it_near_is_looked_for_so_far_and_no_further() {
    let meter = Meter::new().await;
    let early = "SELECT to_char(percentile_disc(0.15) WITHIN GROUP (ORDER BY created_at), 'YYYY-MM-DD') FROM transactions";
    let early = meter.texts(early).await.remove(0);
    for (what, asked) in [
        ("a wide range of one date in the order of another", pairs(&[("created_at.to", &early), ("sort", "-transaction_date")])),
        ("a word in very many of which none is recent", pairs(&[("q", "-0000")])),
    ] {
        let mut asked = ListRequest::parse(&RESOURCE, &asked, Tz::UTC).expect("declared");
        let (rows, page) = read(&meter, &asked).await;
        assert!(rows <= MOST, "{what}: {rows} rows");
        assert!(page.rows.is_empty(), "{what}: there is none as near as that");
        let reached = page.reached.unwrap_or_else(|| panic!("{what}: there are some further on"));
        assert_eq!(page.next, Some(reached.place.clone()), "{what}: the next page goes on from there");
        asked.position = Position::After(reached.place);
        let (rows, _) = read(&meter, &asked).await;
        assert!(rows <= MOST, "{what}: {rows} rows on the next page");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_most_rows_pass_costs_a_customer_no_more_than_the_rows_of_their_own() {
    let meter = Meter::new().await;
    let most =
        "SELECT a.user_id::text FROM accounts a JOIN transactions t ON t.account_id = a.id GROUP BY 1 ORDER BY count(*) DESC LIMIT 1";
    let mut owners = meter.texts(most).await;
    owners.extend(meter.texts("SELECT id::text FROM users WHERE username IN ('user', 'viewer')").await);
    for owner in owners {
        let own = grant(&RESOURCE, Role::User, owner.parse().expect("an id"));
        for filter in [("status", "completed"), ("transaction_type", "payment"), ("amount.min", "10"), ("created_at.from", "1990-01-01")] {
            for sort in ["-transaction_date", "amount", "-amount", "reference_number", "processed_at"] {
                let asked = ListRequest::parse(&RESOURCE, &pairs(&[filter, ("sort", sort)]), Tz::UTC).expect("declared");
                let (rows, page) = meter.rows_read(Box::pin(page::read(&meter.pages, &own, &asked))).await;
                assert!(rows <= BOUND, "{rows} rows for {filter:?} by {sort}");
                assert_eq!(page.expect("it answers").reached, None, "{filter:?} by {sort}: all of them are looked through");
            }
        }
    }
}
