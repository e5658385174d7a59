//! What does a NEXUS 3.0 database look like after ten years, before and after the console has come?

use std::collections::BTreeMap;

use nexus_console::db::{migrate, roles};
use tokio::sync::OnceCell;
use tokio_postgres::Client;

use super::database::{TestDatabase, create, create_named};

/// The role the platform itself writes as.
pub const PLATFORM: &str = "nexus_platform";

const SCHEMA: &str = include_str!("../fixtures/nexus_3_0.sql");
const ROWS: &str = include_str!("../fixtures/nexus_3_0_rows.sql");
const RIGHTS: &str = "
    GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO nexus_platform;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO nexus_platform";

static BUILT: OnceCell<()> = OnceCell::const_new();
static ADOPTED: OnceCell<()> = OnceCell::const_new();

/// The documented schema with a handful of rows, owned by the owner's role.
pub async fn small_database() -> TestDatabase {
    let database = super::empty_database().await;
    database.as_owner().await.batch_execute(SCHEMA).await.expect("a NEXUS 3.0 schema");
    database
}

/// About 50,000 rows, each legal; the platform's own role may write them.
pub async fn old_database() -> TestDatabase {
    BUILT.get_or_init(built_template).await;
    create("nexus3").await
}

/// The same, after the console has adopted it.
pub async fn adopted_database() -> TestDatabase {
    BUILT.get_or_init(built_template).await;
    ADOPTED.get_or_init(adopted_template).await;
    let database = create("adopted").await;
    // Rights on a database itself do not come with its template.
    assert_eq!(roles::ensure(&database.as_owner().await).await.expect("the serving role"), roles::AppRole::Own);
    database
}

async fn built_template() {
    let database = create_named("nexus3".to_owned(), "template0").await;
    database.as_superuser().await.batch_execute("CREATE ROLE nexus_platform LOGIN").await.expect("the platform's role");
    let owner = database.as_owner().await;
    for script in [SCHEMA, ROWS, RIGHTS] {
        owner.batch_execute(script).await.expect("a NEXUS 3.0 database");
    }
}

async fn adopted_template() {
    let database = create_named("adopted".to_owned(), "nexus3").await;
    let mut owner = database.as_owner().await;
    migrate::up(&mut owner).await.expect("adopted");
    assert_eq!(roles::ensure(&owner).await.expect("the serving role"), roles::AppRole::Own);
}

/// The rows of each table: where each lies and who wrote it, and a digest of all it says.
pub type Rows = BTreeMap<String, BTreeMap<String, String>>;

/// Every row of every table.
pub async fn rows_of(client: &Client) -> Rows {
    let tables = "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') \
                  AND c.relname <> 'refinery_schema_history'";
    let mut all = BTreeMap::new();
    for table in client.query(tables, &[]).await.expect("the catalog") {
        let table: String = table.get(0);
        let rows = format!("SELECT t.ctid::text || ' ' || t.xmin::text, md5(t::text) FROM \"{table}\" t");
        let rows = client.query(&rows, &[]).await.expect("rows");
        all.insert(table, rows.iter().map(|row| (row.get(0), row.get(1))).collect());
    }
    all
}
