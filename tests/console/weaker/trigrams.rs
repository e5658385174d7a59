//! Without pg_trgm, and without the right to install it?

use nexus_console::db::{migrate, roles};

use crate::support::{Console, console, empty_database, people, program, stock};

/// A database whose owner may not install extensions, with rows in every table.
async fn without_trigrams() -> Console {
    let database = empty_database().await;
    let superuser = database.as_superuser().await;
    for statement in
        [format!("ALTER DATABASE {} OWNER TO postgres", database.name), "GRANT USAGE, CREATE ON SCHEMA public TO nexus_owner".to_owned()]
    {
        superuser.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let mut owner = database.as_owner().await;
    migrate::up(&mut owner).await.expect("it migrates without");
    assert_eq!(roles::ensure(&owner).await.expect("the serving role"), roles::AppRole::Own);
    people::hire(&owner).await;
    stock::fill(&owner).await;
    console(database).await
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_work_and_everybody_who_can_help_is_told_how() {
    let console = without_trigrams().await;
    let admin = console.signed_in("admin").await;
    for resource in nexus_console::tables::TABLES.iter().filter(|resource| resource.searchable().next().is_some()) {
        let list = admin.get(&format!("/tables/{}?q=zzz%25nothing", resource.table)).await;
        assert_eq!(list.status, 200, "{}: {}", resource.table, list.text());
        assert!(list.rows().is_empty(), "{}", resource.table);
    }
    let found = admin.get("/tables/users?q=okafor").await;
    assert_eq!(found.rows().len(), 1, "{}", found.text());

    let dashboard = admin.get("/").await.texts("[data-finding=pg_trgm]").join("");
    assert!(dashboard.contains("Searches read whole tables") && dashboard.contains("CREATE EXTENSION pg_trgm"), "{dashboard}");
    assert!(!console.signed_in("manager").await.get("/").await.has("[data-finding=pg_trgm]"), "nobody else can do anything about it");
    let (mut doctor, _) = program(&console.database, &["doctor"]);
    let report = String::from_utf8_lossy(&doctor.output().await.expect("the program runs").stdout).into_owned();
    assert!(report.contains("WRONG  pg_trgm: missing") && report.contains("type: CREATE EXTENSION pg_trgm"), "{report}");
    assert!(report.contains("ok     indexes: all "), "there are none to wish for without it: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_takes_too_long_says_why() {
    let console = without_trigrams().await;
    let admin = console.signed_in("admin").await;
    let holder = console.database.as_owner().await;
    holder.batch_execute("BEGIN; LOCK TABLE ssot_api_contracts IN ACCESS EXCLUSIVE MODE").await.expect("nobody reads it");
    let searched = admin.get("/tables/ssot_api_contracts?q=payments").await;
    assert!(searched.text().contains("the database lacks pg_trgm"), "{}", searched.text());
    let sorted = admin.get("/tables/ssot_api_contracts?sort=version").await;
    assert!(sorted.text().contains("takes too long") && !sorted.text().contains("pg_trgm"), "{}", sorted.text());
    holder.batch_execute("ROLLBACK").await.expect("released");
}

#[tokio::test(flavor = "multi_thread")]
async fn once_it_is_installed_the_indexes_follow_by_themselves() {
    let console = without_trigrams().await;
    let admin = console.signed_in("admin").await;
    assert!(admin.get("/operations/maintenance").await.has("[data-finding=pg_trgm]"));
    let superuser = console.database.as_superuser().await;
    // Wherever the administrator puts it.
    superuser
        .batch_execute("CREATE SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC; CREATE EXTENSION pg_trgm SCHEMA extensions")
        .await
        .expect("typed");
    let built = "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
                  WHERE i.indisvalid AND c.relname LIKE 'nexus\\_%\\_search'";
    let wait = async {
        while superuser.query_one(built, &[]).await.expect("the catalog").get::<_, i64>(0) < 9 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(120), wait).await.expect("they are built");
    assert!(!admin.get("/").await.has("[data-finding=pg_trgm]"));
    assert_eq!(admin.get("/tables/users?q=okafor").await.rows().len(), 1);
}
