//! Does a drift take two people who say the same about the same difference, and what else is refused?

use nexus_console::workflows::approval;
use uuid::Uuid;

use super::{super::support::stock, Bank, PROOF, check};

impl Bank {
    /// Approves as `manager`, at the door itself.
    pub async fn approve(&self, transaction: &str) -> Result<(), tokio_postgres::Error> {
        let client = self.console.database.as_application().await;
        let id = Uuid::parse_str(transaction).expect("an id");
        let manager: Uuid = self.platform.query_one("SELECT id FROM users WHERE username = 'manager'", &[]).await?.get(0);
        client.batch_execute(&format!("BEGIN; SET LOCAL nexus.actor = 'user:{manager}'")).await?;
        let decision = approval::Decision::Approve.name();
        client
            .query_one(
                "SELECT public.nexus_decide($1, $2, '', public.nexus_digest(public.nexus_approval_statement($1)))",
                &[&id, &decision],
            )
            .await?;
        client.batch_execute("COMMIT").await
    }

    async fn drifted() -> Bank {
        let bank = Bank::open().await;
        bank.past_the_door("UPDATE accounts SET balance = 150 WHERE id = $1").await;
        check(&bank.console.signed_in("admin").await).await;
        assert!(bank.is_frozen().await);
        bank
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_restore_what_the_entries_say() {
    let bank = Bank::drifted().await;
    let (first, second) = (bank.console.signed_in("manager").await, bank.console.signed_in("manager2").await);
    let said = bank.say(&first, "restore", "Typed by hand").await;
    assert_eq!((said.status, said.location), (303, Some(bank.drift())));
    assert_eq!((bank.balance().await.as_str(), bank.is_frozen().await), ("150.00", true));
    let page = second.get(&bank.drift()).await;
    let word = page.texts("[data-word]").join("");
    assert!(word.contains("Ines Okafor said restore") && word.contains("Typed by hand") && word.contains("One more person"), "{word}");
    assert!(second.get(PROOF).await.texts("[data-finding=drift]").join("").contains("Ines Okafor said restore"));

    let said = bank.say(&second, "restore", "I saw it too").await;
    assert_eq!(said.status, 303, "{}", said.text());
    assert!(second.get(&bank.drift()).await.text().contains("free again"));
    assert_eq!((bank.balance().await.as_str(), bank.is_frozen().await, bank.agrees().await), ("100.00", false, true));
    assert!(!check(&second).await.has("[data-finding]"));
    let earlier = second.get(&bank.drift()).await.texts("section[aria-labelledby=earlier-heading] li");
    assert!(earlier.len() == 2 && earlier[1].contains("Ines Okafor said restore of a difference of 50.00 USD"), "{earlier:?}");
    bank.approve(&stock::of("transactions", "user")).await.expect("the account is free again");
    assert_eq!(bank.balance().await, "105.00");

    // What was resolved is not looked for again: the next drift is explained by its own entry.
    bank.past_the_door("UPDATE accounts SET balance = 3 WHERE id = $1").await;
    check(&second).await;
    let told = second.get(&bank.drift()).await.texts("#explanation").join("");
    assert!(told.contains("from 105.00 USD to 3.00 USD") && told.contains("whole difference"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_accept_the_balance_as_a_correction() {
    let bank = Bank::drifted().await;
    for username in ["admin", "manager"] {
        let browser = bank.console.signed_in(username).await;
        assert_eq!(bank.say(&browser, "accept", "The bank's own fee").await.status, 303);
    }
    assert_eq!((bank.balance().await.as_str(), bank.is_frozen().await, bank.agrees().await), ("150.00", false, true));
    assert_eq!(bank.text("SELECT amount::text FROM account_ledger_corrections WHERE account_id = $1").await.as_deref(), Some("50.00"));
    let page = bank.console.signed_in("auditor").await.get(&bank.drift()).await;
    let entries = page.texts("section[aria-labelledby=entries-heading] tbody tr").join("; ");
    assert!(entries.contains("correction") && entries.contains("The bank's own fee") && entries.ends_with("150 .00"), "{entries}");
    let page = check(&bank.console.signed_in("auditor").await).await;
    assert!(page.texts("section[aria-labelledby=sums-heading] tbody tr").join("").contains("Fits"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_twice_and_two_who_differ_resolve_nothing() {
    let bank = Bank::drifted().await;
    let (first, second) = (bank.console.signed_in("manager").await, bank.console.signed_in("manager2").await);
    assert_eq!(bank.say(&first, "restore", "Typed by hand").await.status, 303);
    let again = bank.say(&first, "restore", "Once more").await;
    assert_eq!(again.status, 409, "{}", again.text());
    assert!(again.texts("#errors").join("").contains("You have said so already"), "{}", again.text());
    assert_eq!(again.value("reason").map(|reason| reason.trim().to_owned()).as_deref(), Some("Once more"), "what was typed is kept");
    assert_eq!(bank.say(&second, "accept", "It is right").await.status, 303);
    assert_eq!((bank.balance().await.as_str(), bank.is_frozen().await), ("150.00", true), "two who differ do not add up");
    assert_eq!(bank.refusals().await, ["said_by_you"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_counts_for_the_difference_it_was_about() {
    let bank = Bank::drifted().await;
    let (first, second) = (bank.console.signed_in("manager").await, bank.console.signed_in("manager2").await);
    assert_eq!(bank.say(&first, "restore", "Typed by hand").await.status, 303);
    bank.past_the_door("UPDATE accounts SET balance = 160 WHERE id = $1").await;
    let stale = second.post(&bank.drift(), &[("resolution", "restore"), ("difference", "50.00"), ("reason", "I saw it too")]).await;
    assert_eq!(stale.status, 409, "{}", stale.text());
    assert_eq!(stale.value("difference").as_deref(), Some("60.00"), "it shows what is there now");
    assert_eq!(bank.say(&second, "restore", "I saw it too").await.status, 303);
    assert!(bank.is_frozen().await, "the first spoke about another difference");
    assert_eq!(bank.say(&first, "restore", "This one as well").await.status, 303);
    assert_eq!((bank.balance().await.as_str(), bank.is_frozen().await), ("100.00", false));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_said_and_logged() {
    let bank = Bank::drifted().await;
    let manager = bank.console.signed_in("manager").await;
    let long = "x".repeat(2001);
    for (fields, status, place) in [
        ([("resolution", "restore"), ("difference", "50.00"), ("reason", "  ")], 422, "#reason-error"),
        ([("resolution", "restore"), ("difference", "50.00"), ("reason", long.as_str())], 422, "#reason-error"),
        ([("resolution", "forget"), ("difference", "50.00"), ("reason", "Why not")], 422, "#resolution-error"),
        ([("resolution", "restore"), ("difference", "fifty"), ("reason", "Why not")], 422, "#errors"),
        ([("resolution", "restore"), ("difference", "1"), ("reason", "Why not")], 409, "#errors"),
    ] {
        let answer = manager.post(&bank.drift(), &fields).await;
        assert_eq!(answer.status, status, "{fields:?}: {}", answer.text());
        assert!(answer.has(place) && answer.body.contains("<title>Error:"), "{fields:?}: {}", answer.text());
    }
    let nowhere = format!("{PROOF}/00000000-0000-0000-0000-000000000000");
    let sound = format!("{PROOF}/{}", stock::of("accounts", "manager"));
    let fields = [("resolution", "restore"), ("difference", "0"), ("reason", "Why not")];
    assert_eq!(manager.post(&nowhere, &fields).await.status, 404);
    assert_eq!(manager.post(&sound, &fields).await.status, 409);
    for role in ["auditor", "user", "viewer"] {
        assert_eq!(bank.console.signed_in(role).await.post(&bank.drift(), &fields).await.status, 403, "{role}");
    }
    let refused =
        ["words", "words", "unknown_resolution", "forged", "changed", "missing", "not_frozen", "not_yours", "not_yours", "not_yours"];
    assert_eq!(bank.refusals().await, refused);
    assert!(
        bank.is_frozen().await
            && bank.text("SELECT count(*)::text FROM ledger_decisions WHERE account_id = $1").await.as_deref() == Some("0")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_that_is_no_number_is_listed_and_can_only_be_restored() {
    let bank = Bank::open().await;
    bank.past_the_door("UPDATE accounts SET balance = 'NaN' WHERE id = $1").await;
    let (first, second) = (bank.console.signed_in("admin").await, bank.console.signed_in("manager").await);
    let page = check(&first).await;
    assert!(page.texts("[data-finding=drift]").join("").contains("NaN"), "{}", page.text());
    let sums = page.texts("section[aria-labelledby=sums-heading] tbody tr").join("");
    assert!(sums.contains("500 .00") && sums.contains("1 not a number") && sums.contains("Does not fit"), "{sums}");
    assert_eq!(bank.say(&first, "accept", "As it is").await.status, 409);
    assert_eq!(bank.say(&first, "restore", "No number").await.status, 303);
    assert_eq!(bank.say(&second, "restore", "No number").await.status, 303);
    assert_eq!((bank.balance().await.as_str(), bank.is_frozen().await), ("100.00", false));
}
