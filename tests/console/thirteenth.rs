//! Is a thirteenth table one declaration, one line of policy and one migration, and nothing else?

use nexus_console::{
    app::Tables,
    auth::policy::{Access, Action, LINES, Line, Policy},
    resource::{
        Choice, Column, Currency, Format, Group, Input, Kind, Order, Registry, Resource, Slot,
        proof::{self, Severity},
    },
    server::{self, Mode},
    settings::{Options, Settings},
    tables::{TABLES, users},
};

use super::{
    forms::{filled, with},
    support::{Browser, TestDatabase, staffed_database},
};

static KINDS: &[Choice] = &[Choice::plain("gear", "Gear"), Choice::plain("spring", "Spring")];

static COLUMNS: &[Column] = &[
    Column::new("id", "Id", Kind::Uuid).required().offered().exported(),
    Column::new("name", "Name", Kind::Text(100))
        .required()
        .listed()
        .filterable()
        .sortable()
        .searchable()
        .global()
        .exported()
        .written(Input::Required)
        .slot(Slot::Title),
    Column::new("kind", "Kind", Kind::Choice(KINDS)).required().listed().filterable().exported().written(Input::Required).initial("gear"),
    Column::new("price", "Price", Kind::Money(Currency::Column("currency")))
        .listed()
        .filterable()
        .sortable()
        .exported()
        .written(Input::Optional)
        .slot(Slot::Money),
    Column::new("currency", "Currency", Kind::Text(3))
        .required()
        .offered()
        .filterable()
        .exported()
        .written(Input::Required)
        .initial("USD")
        .format(Format::CurrencyCode),
    Column::new("keeper", "Keeper", Kind::Reference(&users::RESOURCE)).listed().filterable().exported().written(Input::Optional),
    Column::new("notes", "Notes", Kind::LongText).offered().filterable().exported().written(Input::Optional),
    Column::new("created_at", "Created", Kind::Timestamp).offered().filterable().sortable().exported(),
    Column::new("updated_at", "Updated", Kind::Timestamp).offered().exported(),
    Column::new("created_by", "Created by", Kind::Reference(&users::RESOURCE)).offered().filterable().exported(),
    Column::new("updated_by", "Updated by", Kind::Reference(&users::RESOURCE)).offered().filterable().exported(),
];

static WIDGETS: Resource = Resource::new("widgets", "widget", "Widgets", COLUMNS)
    .group(Group::Ledger, "tx")
    .purpose("Things with a price.")
    .label("name")
    .order(Order::ascending("name"));

const LINE: Line = Line {
    table: "widgets",
    admin: Access::All(&[Action::Read, Action::Create, Action::Edit, Action::Delete, Action::Export]),
    manager: Access::All(&[Action::Read]),
    auditor: Access::All(&[Action::Read]),
    user: Access::Nothing,
    viewer: Access::Nothing,
};

/// As a migration would.
const MIGRATION: &str = "
    CREATE TABLE public.widgets (
        id         uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
        name       varchar(100) NOT NULL UNIQUE,
        kind       text NOT NULL CHECK (kind IN ('gear', 'spring')),
        price      decimal(15, 2),
        currency   varchar(3) NOT NULL,
        keeper     uuid REFERENCES public.users (id),
        notes      text,
        created_at timestamptz DEFAULT CURRENT_TIMESTAMP,
        updated_at timestamptz DEFAULT CURRENT_TIMESTAMP,
        created_by uuid REFERENCES public.users (id),
        updated_by uuid REFERENCES public.users (id)
    );
    CREATE INDEX nexus_widgets_name ON public.widgets (name, id);
    CREATE INDEX nexus_widgets_price ON public.widgets (price, id);
    CREATE INDEX nexus_widgets_created_at ON public.widgets (created_at, id);
    CREATE INDEX nexus_widgets_keeper ON public.widgets (keeper);
    CREATE INDEX nexus_widgets_search ON public.widgets USING gin (name gin_trgm_ops);
    CREATE TRIGGER update_widgets_updated_at BEFORE UPDATE ON public.widgets
        FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();
    CREATE TRIGGER nexus_stamp BEFORE INSERT OR UPDATE ON public.widgets FOR EACH ROW EXECUTE FUNCTION public.nexus_stamp();
    CREATE TRIGGER audit_widgets AFTER INSERT OR UPDATE OR DELETE ON public.widgets
        FOR EACH ROW EXECUTE FUNCTION public.log_ssot_changes();
    CREATE TRIGGER nexus_no_truncate BEFORE TRUNCATE ON public.widgets
        FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only();";

fn registry() -> Registry {
    Registry::new(TABLES.iter().copied().chain([&WIDGETS]))
}

fn policy() -> Policy {
    Policy(Box::leak(LINES.iter().copied().chain([LINE]).collect::<Box<[Line]>>()))
}

async fn migrated() -> TestDatabase {
    let database = staffed_database().await;
    database.as_owner().await.batch_execute(MIGRATION).await.expect("the migration");
    database
}

/// Serves the thirteen on a port of its own, in this process, until the tests end.
async fn served(database: &TestDatabase) -> Browser {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let data_dir = std::env::temp_dir().join(format!("nexus-thirteenth-{}-{}", std::process::id(), database.name));
    let options = Options {
        database_url: Some(database.url_of(&database.application).into()),
        database_migration_url: Some(database.url_of(&database.owner).into()),
        bind: Some(format!("127.0.0.1:{port}").into()),
        data_dir: Some(data_dir.into()),
        secret_key: Some("ab".repeat(32).into()),
        ..Options::default()
    };
    let settings = Settings::parse(options).expect("settings");
    let tables = Tables { registry: registry(), policy: policy() };
    std::thread::spawn(move || {
        let ended = actix_web::rt::System::new().block_on(server::serve(settings, Mode::Plain, tables));
        ended.expect("the console serves");
    });
    let browser = Browser::new(&format!("http://127.0.0.1:{port}"));
    for _ in 0..600 {
        if browser.try_get("/health/ready").await.is_some_and(|answer| answer.status == 200) {
            return browser;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the console with thirteen tables is not ready");
}

async fn send(browser: &Browser, path: &str, pairs: Vec<(String, String)>) -> super::support::Answer {
    super::forms::send(browser, path, &pairs).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_more_is_browsed_edited_exported_remembered_and_deleted() {
    let database = migrated().await;
    let admin = served(&database).await;
    let base = admin.address().to_owned();
    admin.sign_in("admin").await;
    let empty = admin.get("/tables/widgets").await;
    assert_eq!(empty.status, 200, "{}", empty.text());
    assert!(empty.text().contains("Things with a price."), "{}", empty.text());
    assert!(empty.attributes("nav#nav a", "href").contains(&"/tables/widgets".to_owned()));

    let keeper: String = {
        let owner = database.as_owner().await;
        owner.query_one("SELECT id::text FROM users WHERE username = 'viewer'", &[]).await.expect("a user").get(0)
    };
    let form = admin.get("/tables/widgets/new").await;
    let refused = send(&admin, "/tables/widgets", with(filled(&form), &[("name", ""), ("price", "1.234")])).await;
    assert_eq!(refused.status, 422);
    assert!(refused.has("#name-error") && refused.has("#price-error"), "{}", refused.text());
    for (name, kind, price) in [("Cog", "gear", "2.50"), ("Coil", "spring", ""), ("Wheel", "gear", "1000")] {
        let form = admin.get("/tables/widgets/new").await;
        let made =
            send(&admin, "/tables/widgets", with(filled(&form), &[("name", name), ("kind", kind), ("price", price), ("keeper", &keeper)]))
                .await;
        assert_eq!(made.status, 303, "{}", made.text());
    }
    let taken = send(&admin, "/tables/widgets", with(filled(&form), &[("name", "Cog")])).await;
    assert!(taken.status == 422 && taken.has("#name-error"), "{}", taken.text());

    let names = |page: &super::support::Answer| page.texts("[data-column=name]").join(" ");
    assert_eq!(names(&admin.get("/tables/widgets").await), "Cog Coil Wheel");
    assert_eq!(names(&admin.get("/tables/widgets?sort=-price").await), "Wheel Cog Coil");
    assert_eq!(names(&admin.get("/tables/widgets?kind=gear&price.min=3").await), "Wheel");
    assert_eq!(names(&admin.get("/tables/widgets?price.empty=yes").await), "Coil");
    assert_eq!(names(&admin.get("/tables/widgets?q=whe").await), "Wheel");
    assert_eq!(admin.get("/search?q=whe").await.texts("section[aria-labelledby=found-widgets] .parts mark"), ["Whe"], "from every page");
    assert_eq!(names(&admin.get(&format!("/tables/widgets?keeper={keeper}&limit=1")).await), "Cog");
    assert_eq!(admin.get("/tables/widgets?colour=red").await.status, 400);
    let page = admin.get("/tables/widgets?limit=2").await;
    let next = page.attributes("a[rel=next]", "href").join("");
    assert_eq!(names(&admin.get(&next).await), "Wheel");

    let id = admin.get("/tables/widgets?q=cog").await.rows().join("");
    let record = format!("/tables/widgets/{id}");
    let form = admin.get(&format!("{record}/edit")).await;
    let saved = send(&admin, &record, with(filled(&form), &[("price", "3.75"), ("notes", "Dearer")])).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let conflict = send(&admin, &record, with(filled(&form), &[("price", "4.00")])).await;
    assert_eq!(conflict.status, 409, "an older version");
    let shown = admin.get(&record).await;
    assert!(shown.text().contains("3 .75 USD") && shown.text().contains("Lena Fischer changed"), "{}", shown.text());
    let history = admin.get(&format!("{record}/history")).await;
    assert_eq!((history.status, history.rows().len()), (200, 2), "{}", history.text());
    assert!(admin.get(&format!("/tables/users/{keeper}")).await.text().contains("All 3 Widgets"), "what refers to a user");

    let sheet = admin.get("/tables/widgets/export.csv?kind=gear").await;
    assert_eq!(sheet.body.lines().count(), 3, "{}", sheet.body);
    let lines = admin.get("/tables/widgets/export.jsonl").await;
    assert!(lines.body.lines().all(|line| line.starts_with("{\"id\":")) && lines.body.contains("Dearer"), "{}", lines.body);

    for (role, list, new) in [("manager", 200, 403), ("auditor", 200, 403), ("user", 403, 403), ("viewer", 403, 403)] {
        let browser = Browser::new(&base);
        browser.sign_in(role).await;
        assert_eq!(browser.get("/tables/widgets").await.status, list, "{role}");
        assert_eq!(browser.get("/tables/widgets/new").await.status, new, "{role}");
        assert!(!browser.get(&record).await.has("a[data-edit]"), "{role}");
    }

    let page = admin.get(&format!("{record}/delete")).await;
    let gone = send(&admin, &format!("{record}/delete"), filled(&page)).await;
    assert_eq!(gone.status, 303, "{}", gone.text());
    assert_eq!(admin.get(&record).await.status, 404);
    let owner = database.as_owner().await;
    let log = owner
        .query("SELECT l.action, u.username FROM audit_logs l JOIN users u ON u.id = l.user_id WHERE l.entity_id = $1::text::uuid ORDER BY l.created_at", &[&id])
        .await
        .expect("entries");
    let said: Vec<(String, String)> = log.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(said, ["INSERT", "UPDATE", "DELETE"].map(|action| (action.to_owned(), "admin".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proof_names_what_a_thirteenth_table_lacks() {
    let said = async |database: &TestDatabase| {
        let findings = proof::catalog_of(&database.as_owner().await, &registry()).await.expect("the catalog");
        findings.iter().map(|finding| (finding.to_string(), finding.severity)).collect::<Vec<_>>()
    };
    let none = staffed_database().await;
    assert_eq!(said(&none).await, [("R001 widgets: there is no such table".to_owned(), Severity::Wrong)]);

    let database = migrated().await;
    assert_eq!(said(&database).await, [], "nothing is missing");
    database
        .as_owner()
        .await
        .batch_execute(
            "DROP INDEX nexus_widgets_price; DROP INDEX nexus_widgets_search; ALTER TABLE widgets DROP COLUMN notes; \
             DROP TRIGGER audit_widgets ON widgets; DROP TRIGGER update_widgets_updated_at ON widgets; DROP TRIGGER nexus_stamp ON widgets",
        )
        .await
        .expect("less of it");
    let lacking = said(&database).await;
    for expected in [
        ("R002 widgets.notes: there is no such column", Severity::Wrong),
        ("R009 widgets.price: declared sortable, has no index on (price, id)", Severity::Slow),
        ("R010 widgets.name: declared searchable, has no trigram index", Severity::Slow),
        ("R012 widgets: no trigger records its changes", Severity::Wrong),
        ("R013 widgets.updated_at: no trigger keeps it", Severity::Wrong),
        ("R014 widgets.created_by: no trigger keeps it", Severity::Wrong),
    ] {
        assert!(lacking.iter().any(|finding| (finding.0.as_str(), finding.1) == expected), "missing: {expected:?}\n{lacking:#?}");
    }
    assert_eq!(lacking.len(), 6, "{lacking:#?}");
}
