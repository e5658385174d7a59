//! Can somebody select, look through and follow a run in a browser, with scripts and without?

use std::time::{Duration, Instant};

use fantoccini::Locator;

use super::work::{account, count, deposits, pending};
use crate::support::{Scripts, Size, console, staffed_database, window};

async fn decided_in(scripts: Scripts, size: Size) {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    let here = account(&owner, "W-1", "0").await;
    deposits(&owner, here, 12).await;
    pending(&owner, here, "user", "payment", "75.50").await;
    let window = window(&console.address, scripts, size).await;
    let mut faults = Vec::new();
    window.sign_in("manager").await;
    window.open("/tables/transactions?status=pending").await;
    match scripts {
        Scripts::On if size == Size::Desktop => window.press("thead .tick input").await,
        Scripts::On | Scripts::Off => {
            for place in 1..=13 {
                window.press(&format!("tbody tr:nth-child({place}) .tick input")).await;
            }
        }
    }
    if scripts == Scripts::On {
        window.look("the list", &mut faults).await;
    }
    window.press(".picked button[value=approve]").await;
    assert!(window.path().await.starts_with("/runs/"), "{}", window.path().await);
    assert!(window.text("form.card .end-bar").await.contains("1 stays out"));
    if scripts == Scripts::On {
        window.look("the preview", &mut faults).await;
    }
    window.press("form.card button").await;
    let since = Instant::now();
    while window.client.find(Locator::Css("#run[data-state=finished]")).await.is_err() {
        assert!(since.elapsed() < Duration::from_secs(30), "the page follows the run to its end by itself");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    if scripts == Scripts::On {
        window.look("the result", &mut faults).await;
    }
    assert!(window.text("#run").await.contains("12 posted, 1 stayed out"), "{}", window.text("#run").await);
    window.close().await;
    assert_eq!(count(&owner, "SELECT count(*) FROM transactions WHERE status = 'completed'").await, 12);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_scripts_on_a_desk() {
    decided_in(Scripts::On, Size::Desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_scripts_on_a_phone() {
    decided_in(Scripts::On, Size::Phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts() {
    decided_in(Scripts::Off, Size::Desktop).await;
}
