//! Is every page free of what axe finds, in both themes, and no wider than its window?

use super::{
    forms::{account, id_of},
    support::{Console, Scripts, Size, Window, console, staffed_database, window},
};

const AXE: &str = include_str!("../vendor/axe-core-4.14.1/axe.min.js");

/// Everything wrong with the page as it stands, a line each: axe in both themes, the content policy, the width.
const LOOK: &str = "\
const done = arguments[arguments.length - 1];
const found = [];
const refused = new ReportingObserver((reports) => {
  for (const report of reports) found.push(`refused by the policy: ${report.body.blockedURL} ${report.body.effectiveDirective}`);
}, { types: ['csp-violation'], buffered: true });
refused.observe();
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
// A theme is colours and nothing else.
const themes = { light: tags, dark: { type: 'rule', values: ['color-contrast'] } };
(async () => {
  for (const [theme, runOnly] of Object.entries(themes)) {
    document.documentElement.dataset.theme = theme;
    const { violations } = await axe.run(document, { runOnly, resultTypes: ['violations'] });
    for (const one of violations) for (const node of one.nodes) found.push(`${theme}: ${one.id}: ${node.html.slice(0, 200)}`);
  }
  const wider = document.documentElement.scrollWidth - innerWidth;
  if (wider > 0) found.push(`${wider} pixels wider than the window`);
  done(found);
})().catch((error) => done([String(error)]));";

const TABLES: [&str; 12] = [
    "users",
    "accounts",
    "transactions",
    "audit_logs",
    "system_settings",
    "ssot_api_contracts",
    "ssot_api_aliases",
    "ssot_governance_rules",
    "ssot_audit_logs",
    "api_keys",
    "notifications",
    "user_sessions",
];

const LONG: &str = "Κατσικόπουλος-Παπαδημητρακοπούλου & Söhne Donaudampfschifffahrtsgesellschaft mbH, <b>محمد عبد الرحمن الحسيني</b>";

/// A console with a row in every table, long and odd ones among them.
async fn furnished() -> Console {
    let console = console(staffed_database().await).await;
    let admin = console.signed_in("admin").await;
    let (owner, manager) = (id_of(&console, "user").await, id_of(&console, "manager").await);
    let long = account(&admin, LONG, "20-41-1", "JPY", &owner).await;
    account(&admin, "Kestrel", "20-41-2", "EUR", &owner).await;
    let account = long.rsplit('/').next().expect("an id");
    let client = console.database.as_owner().await;
    for (number, amount) in ["1", "9999999999999", "134566"].into_iter().enumerate() {
        let statement = "INSERT INTO transactions (id, account_id, transaction_type, amount, description, reference_number, status, created_by, updated_by) \
             VALUES (public.nexus_uuid7(), $1::text::uuid, 'deposit', $2::text::numeric, $3, $4, 'pending', $5::text::uuid, $5::text::uuid)";
        client.execute(statement, &[&account, &amount, &LONG, &format!("DEP-{number}"), &manager]).await.expect("a transaction");
    }
    let key = "INSERT INTO api_keys (id, user_id, key_name, key_hash, permissions, is_active) VALUES (public.nexus_uuid7(), $1::text::uuid, $2, repeat('a', 64), '[]', true)";
    client.execute(key, &[&manager, &LONG]).await.expect("a key");
    let notice = "INSERT INTO notifications (id, user_id, title, message, notification_type) VALUES (public.nexus_uuid7(), $1::text::uuid, $2::text, $2::text, 'warning')";
    for user in [&owner, &manager, &id_of(&console, "admin").await] {
        client.execute(notice, &[user, &LONG]).await.expect("a notification");
    }
    let held = "INSERT INTO expiry_holds (transaction_id) SELECT t.id FROM transactions t WHERE t.status = 'pending'";
    client.execute(held, &[]).await.expect("what was pending before");
    let taken = "DROP INDEX nexus_users_full_name; CREATE TABLE nexus_users_full_name (id int)";
    client.batch_execute(taken).await.expect("an index that nobody can build");
    console
}

/// Every page an administrator can come to by links.
async fn pages(console: &Console) -> Vec<String> {
    let admin = console.signed_in("admin").await;
    let mut pages: Vec<String> = [
        "/",
        "/account",
        "/approvals/rules",
        "/approvals/held",
        "/audit/proof",
        "/audit/proof?entry=00000000-0000-0000-0000-000000000000",
        "/audit",
        "/audit?q=*",
        "/audit?q=colour:red",
        "/operations/maintenance",
        "/audit/coverage",
        "/audit/annotate",
        "/audit/annotate?q=review:question",
        "/audit/reviews",
        "/audit/access",
        "/audit/evidence",
        "/audit/evidence/pack.zip?control=none&from=x",
        "/tables/nothing",
        "/tables/accounts/7",
        "/tables/transactions?q=nothing&status=failed",
        "/search",
        "/search?q=e",
        "/search?q=Kestrel",
        "/search?q=%CE%9A%CE%B1%CF%84%CF%83%CE%B9%CE%BA%CF%8C",
        "/search?q=one&q=two",
    ]
    .map(str::to_owned)
    .into();
    for table in TABLES {
        let list = format!("/tables/{table}");
        let page = admin.get(&list).await;
        let id = page.rows().into_iter().next().unwrap_or_else(|| panic!("{table} has a row"));
        let record = format!("{list}/{id}");
        if page.has("a.btn.main") {
            pages.push(format!("{list}/new"));
        }
        pages.push(list);
        let offered = admin.get(&record).await.attributes("main .do a", "href");
        pages.extend(offered.into_iter().filter(|href| !href.contains("/new")));
        pages.push(format!("{record}/history"));
        if table == "accounts" {
            pages.push(format!("{record}/history?as_of=2999-01-01"));
            pages.push(format!("{record}/history?as_of=then&field="));
        }
        pages.push(record);
    }
    pages
}

impl Window {
    pub async fn look(&self, what: &str, faults: &mut Vec<String>) {
        self.run(AXE).await;
        let found = self.client.execute_async(LOOK, Vec::new()).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        faults.extend(found.as_array().expect("a list").iter().map(|fault| format!("{what}: {}", fault.as_str().unwrap_or_default())));
    }
}

async fn every_page(size: Size) {
    let console = furnished().await;
    let window = window(&console.address, Scripts::On, size).await;
    let mut faults = Vec::new();
    window.open("/login").await;
    window.look("/login", &mut faults).await;
    window.fill("username", "nobody").await;
    window.press("form button.main").await;
    window.look("/login refused", &mut faults).await;
    window.sign_in("admin").await;
    for path in pages(&console).await {
        window.open(&path).await;
        window.look(&path, &mut faults).await;
    }
    window.open("/tables/transactions").await;
    window.press("summary.chip.add").await;
    window.look("the filters", &mut faults).await;
    for table in ["users", "accounts", "transactions", "ssot_governance_rules", "notifications"] {
        window.open(&format!("/tables/{table}/new")).await;
        window.press("[data-save]").await;
        window.look(&format!("{table} refused"), &mut faults).await;
    }
    window.open("/approvals/rules").await;
    window.fill("from_1", "none").await;
    window.press("[data-save]").await;
    window.look("the rules refused", &mut faults).await;
    window.close().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_on_a_desk() {
    every_page(Size::Desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_on_a_phone() {
    every_page(Size::Phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_roles_first_page() {
    let console = furnished().await;
    let mut faults = Vec::new();
    for role in ["manager", "auditor", "user", "viewer"] {
        let window = window(&console.address, Scripts::On, Size::Phone).await;
        window.sign_in(role).await;
        for path in ["/", "/tables/users", "/tables/transactions"] {
            window.open(path).await;
            window.look(&format!("{role}: {path}"), &mut faults).await;
        }
        window.close().await;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
