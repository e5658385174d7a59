//! Which database does a test work on? A clone of a template that was migrated once.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::NaiveDate;
use nexus_console::db::{
    adopt,
    connect::{Target, connect},
    migrate, roles,
};
use tokio::sync::{Mutex, OnceCell};
use tokio_postgres::{Client, Config};

use super::cluster::{APPLICATION, Cluster, OWNER, cluster};

/// The day a database was migrated, in SQL. What is filled in for that day stays apart from what the migrations
/// themselves wrote, on whatever day a test asks.
const DAY_MADE: &str = "(SELECT (min(applied_on::timestamptz) AT TIME ZONE 'UTC')::date FROM public.refinery_schema_history)";

/// What a statement that says `{day}` means by it.
pub fn with_day(statement: &str) -> String {
    statement.replace("{day}", DAY_MADE)
}

pub async fn day_made(client: &Client) -> NaiveDate {
    client.query_one(&format!("SELECT {DAY_MADE}"), &[]).await.expect("it was migrated").get(0)
}

/// A database of one test's own.
#[derive(Clone)]
pub struct TestDatabase {
    pub name: String,
    /// The migrations' role, which owns everything.
    pub owner: Target,
    /// The role the console serves as.
    pub application: Target,
    pub superuser: Target,
    pub owner_config: Config,
    pub app_config: Config,
}

impl TestDatabase {
    fn named(cluster: &Cluster, name: String) -> TestDatabase {
        let target = |user| cluster.target(user, &name);
        let (owner, application, superuser) = (target(OWNER), target(APPLICATION), target("postgres"));
        TestDatabase { owner_config: owner.config().clone(), app_config: application.config().clone(), owner, application, superuser, name }
    }

    /// As `DATABASE_URL` names it.
    pub fn url_of(&self, target: &Target) -> String {
        let socket = match target.config().get_hosts() {
            [tokio_postgres::config::Host::Unix(directory)] => directory.display().to_string().replace('/', "%2F"),
            hosts => panic!("one socket, not {hosts:?}"),
        };
        format!("postgres://{}@{socket}:5432/{}", target.user().expect("a user"), self.name)
    }

    pub async fn as_owner(&self) -> Client {
        connect(&self.owner).await.expect("the owner connects")
    }

    pub async fn as_application(&self) -> Client {
        connect(&self.application).await.expect("the application's role connects")
    }

    pub async fn as_superuser(&self) -> Client {
        connect(&self.superuser).await.expect("the superuser connects")
    }
}

static NUMBER: AtomicU32 = AtomicU32::new(0);
/// PostgreSQL clones a template only while nobody is connected to it, and one at a time is as fast as many.
static CLONING: Mutex<()> = Mutex::const_new(());
static MIGRATED: OnceCell<()> = OnceCell::const_new();
static STAFFED: OnceCell<()> = OnceCell::const_new();
static STOCKED: OnceCell<()> = OnceCell::const_new();

/// A database without a single table, owned by the owner's role.
pub async fn empty_database() -> TestDatabase {
    create("template0").await
}

/// A migrated database with the rows every NEXUS database starts with.
pub async fn database() -> TestDatabase {
    MIGRATED.get_or_init(migrated_template).await;
    create("migrated").await
}

/// A migrated database where the six of [`super::PEOPLE`] work.
pub async fn staffed_database() -> TestDatabase {
    MIGRATED.get_or_init(migrated_template).await;
    STAFFED.get_or_init(staffed_template).await;
    create("staffed").await
}

/// A staffed database with rows in every table, some of each of the people.
pub async fn stocked_database() -> TestDatabase {
    MIGRATED.get_or_init(migrated_template).await;
    STAFFED.get_or_init(staffed_template).await;
    STOCKED.get_or_init(stocked_template).await;
    create("stocked").await
}

async fn stocked_template() {
    let database = create_named("stocked".to_owned(), "staffed").await;
    super::stock::fill(&database.as_owner().await).await;
}

async fn staffed_template() {
    let database = create_named("staffed".to_owned(), "migrated").await;
    super::people::hire(&database.as_owner().await).await;
}

async fn migrated_template() {
    let cluster = cluster().await;
    let database = create_named("migrated".to_owned(), "template0").await;
    let mut client = connect(&cluster.target(OWNER, &database.name)).await.expect("the owner connects");
    migrate::up(&mut client).await.expect("the migrations run");
    assert_eq!(roles::ensure(&client).await.expect("the application's role"), roles::AppRole::Own);
}

pub(super) async fn create(template: &str) -> TestDatabase {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    create_named(format!("test_{number}"), template).await
}

pub(super) async fn create_named(name: String, template: &str) -> TestDatabase {
    let cluster = cluster().await;
    let superuser = connect(&cluster.target("postgres", "postgres")).await.expect("the superuser connects");
    let _turn = CLONING.lock().await;
    let statement = format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER} STRATEGY file_copy");
    // A connection just closed may linger for a moment.
    for attempt in 0.. {
        match superuser.batch_execute(&statement).await {
            Ok(()) => break,
            Err(error) if attempt < 50 && error.code() == Some(&tokio_postgres::error::SqlState::OBJECT_IN_USE) => {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{statement}: {error}"),
        }
    }
    TestDatabase::named(cluster, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migrated_database_holds_the_twelve_tables() {
    let database = database().await;
    let client = database.as_application().await;
    let row = client
        .query_one(
            "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'public' AND tablename = ANY ($1)",
            &[&adopt::DOCUMENTED.as_slice()],
        )
        .await
        .expect("the catalog answers");
    assert_eq!(row.get::<_, i64>(0), 12);
}
