//! Can an administrator and a manager do their work in a real Chromium, with scripts and without, by keyboard alone?

use fantoccini::Locator;

use super::{
    forms::{account, id_of},
    support::{Console, PASSWORD, Scripts, Size, Window, console, staffed_database, window},
};

const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";
/// More stops than any page has before its form.
const STOPS: usize = 80;

async fn opened() -> Console {
    let console = console(staffed_database().await).await;
    let admin = console.signed_in("admin").await;
    let owner = id_of(&console, "user").await;
    account(&admin, "Kestrel Freight", "20-41-1", "USD", &owner).await;
    account(&admin, "Halden Marine", "20-41-2", "EUR", &owner).await;
    console
}

impl Window {
    async fn until(&self, selector: &str) {
        self.find(selector).await;
    }

    async fn count(&self, selector: &str) -> usize {
        self.client.find_all(Locator::Css(selector)).await.expect("a selector").len()
    }

    async fn choose(&self, name: &str, value: &str) {
        let select = self.find(&format!("select[name='{name}']")).await;
        select.select_by_value(value).await.unwrap_or_else(|error| panic!("{name} can be {value}: {error}"));
    }

    /// Finds a record by its name in a form: by completion, or by the button that does without scripts.
    pub async fn pick(&self, column: &str, typed: &str, scripts: Scripts) {
        self.fill(&format!("{column}.find"), typed).await;
        match scripts {
            Scripts::On => {
                self.until(".picker li").await;
                self.keys(ENTER).await;
                self.until(&format!("[data-field='{column}'] p.fixed")).await;
            }
            Scripts::Off => {
                self.press(&format!("button[name=find][value='{column}']")).await;
                self.press(&format!(".matches input[name='{column}']")).await;
            }
        }
    }

    /// Goes from stop to stop until `name` of the focused element is `value`.
    async fn tab_to(&self, name: &str, value: &str) {
        for _ in 0..STOPS {
            self.keys(TAB).await;
            let focused = self.client.active_element().await.expect("something has the focus");
            if focused.attr(name).await.expect("an element").is_some_and(|found| found == value || name == "data-open") {
                return;
            }
        }
        panic!("no stop has {name}={value:?} on {}", self.path().await);
    }
}

async fn administrator(scripts: Scripts) {
    let console = opened().await;
    let window = window(&console.address, scripts, Size::Desktop).await;
    window.sign_in("admin").await;

    window.press("nav a[href='/tables/accounts']").await;
    assert_eq!(window.count("tr[data-id]").await, 2);
    window.press("summary.chip.add").await;
    window.fill("currency", "EUR").await;
    window.press(".sieve button.main").await;
    assert_eq!((window.count("tr[data-id]").await, window.count(".chip > a").await), (1, 1));

    window.press("tr[data-id] a[data-open]").await;
    assert_eq!(window.text("h1 bdi").await, "Halden Marine");
    let record = window.path().await;
    window.press("a[data-edit]").await;
    window.fill("account_name", "").await;
    window.press("[data-save]").await;
    assert!(window.text("#errors").await.contains("Nothing was saved"));
    assert!(!window.text("#account_name-error").await.is_empty());
    window.fill("account_name", "Halden Marine AS").await;
    window.press("[data-save]").await;
    assert_eq!(window.path().await, record);
    assert_eq!(window.text("h1 bdi").await, "Halden Marine AS");
    assert_eq!(window.count("main > [role=status]").await, 1, "it says that it saved");

    window.press("a[href*='/history']:not([href*='field='])").await;
    assert!(window.text(".trail > li[data-id]").await.contains("changed name"), "{}", window.text(".trail > li[data-id]").await);
    assert!(window.text(".trail del").await.contains("Halden Marine"));

    window.open("/tables/users/new").await;
    window.fill("username", "greta.lind").await;
    window.fill("full_name", "Greta Lind").await;
    window.fill("email", "greta@example.com").await;
    window.choose("role", "viewer").await;
    window.press("[data-save]").await;
    let link = window.text("#secret").await;
    assert!(link.contains("/password/"), "{link}");
    window.press("main a.btn.main").await;
    window.press("a[href*='/deactivate']").await;
    window.press("form.card .end-bar button").await;
    assert!(window.text("h1").await.contains("Inactive"), "{}", window.text("h1").await);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrators_day_with_scripts() {
    administrator(Scripts::On).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrators_day_without_scripts() {
    administrator(Scripts::Off).await;
}

async fn manager(scripts: Scripts) {
    let console = opened().await;
    let window = window(&console.address, scripts, Size::Desktop).await;
    window.sign_in("manager").await;

    window.open("/tables/accounts?q=Kestrel").await;
    window.press("tr[data-id] a[data-open]").await;
    window.press("a[data-edit]").await;
    window.fill("account_name", "Kestrel Freight Ltd").await;
    window.press("[data-save]").await;
    assert_eq!(window.text("h1 bdi").await, "Kestrel Freight Ltd");

    window.open("/tables/transactions").await;
    window.press(".head a.main").await;
    window.pick("account_id", "Kestrel", scripts).await;
    window.choose("transaction_type", "deposit").await;
    window.fill("amount", "18450").await;
    window.fill("reference_number", "DEP-1").await;
    window.press("[data-save]").await;
    assert!(window.text("h1").await.contains("Pending"), "{}", window.text("main").await);
    window.press("a[data-edit]").await;
    window.fill("amount", "18450.50").await;
    window.press("[data-save]").await;
    assert!(window.text("[data-column=amount]").await.contains("18,450.50"));

    window.press("a[href*='/withdraw']").await;
    window.press("form.card .end-bar button").await;
    assert!(!window.text("#reason-error").await.is_empty(), "it asks for the reason");
    window.fill("reason", "Typed twice").await;
    window.press("form.card .end-bar button").await;
    assert!(window.text("h1").await.contains("Cancelled"), "{}", window.text("h1").await);
    window.open("/tables/transactions?status=pending").await;
    assert_eq!(window.count("tr[data-id]").await, 0);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managers_day_with_scripts() {
    manager(Scripts::On).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managers_day_without_scripts() {
    manager(Scripts::Off).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_takes_no_mouse() {
    let console = opened().await;
    let window = window(&console.address, Scripts::Off, Size::Desktop).await;
    window.open("/login").await;
    window.keys(&format!("admin{TAB}{PASSWORD}{ENTER}")).await;
    window.until("nav[aria-label=Main]").await;
    window.tab_to("href", "/tables/accounts").await;
    window.keys(ENTER).await;
    window.until("tr[data-id]").await;
    window.tab_to("data-open", "").await;
    window.keys(ENTER).await;
    window.until("a[data-edit]").await;
    window.tab_to("data-edit", "").await;
    window.keys(ENTER).await;
    window.until("#account_name").await;
    window.tab_to("id", "account_name").await;
    // Arriving by Tab selects what the field holds.
    window.keys("Written by hand").await;
    window.keys(ENTER).await;
    window.until("main > [role=status]").await;
    assert_eq!(window.text("h1 bdi").await, "Written by hand");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn single_keys_search_move_open_edit_and_save() {
    let console = opened().await;
    let window = window(&console.address, Scripts::On, Size::Desktop).await;
    window.sign_in("admin").await;
    window.open("/tables/accounts?sort=account_name").await;
    window.keys("/").await;
    window.keys(&format!("Marine{ENTER}")).await;
    window.until(".chip").await;
    assert_eq!(window.count("tr[data-id]").await, 1);
    window.find("h1").await.click().await.expect("leaves the search");
    window.keys("j").await;
    window.keys(ENTER).await;
    window.until("a[data-edit]").await;
    window.keys("e").await;
    window.until("#account_name").await;
    window.fill("account_name", "Marine").await;
    window.keys(&format!("\u{E009}{ENTER}")).await;
    window.until("main > [role=status]").await;
    assert_eq!(window.text("h1 bdi").await, "Marine");
    window.keys("?").await;
    window.until("dialog[open]").await;
    window.close().await;
}
