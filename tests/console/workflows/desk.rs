//! How does a test act as somebody, without a browser?

use nexus_console::{
    auth::{
        actor::{Actor, Preferences},
        origin::{Channel, Origin, Party},
        policy::{Action, LINES, Policy},
        role::Role,
    },
    db::{
        pool::{Connection, Database, ServingRole},
        value::Value,
        write::Write,
    },
    keys::Keys,
    resource::{
        Column, Resource,
        form::{Draft, Submission},
        record::Record,
        store,
    },
    settings::{Database as Which, Precaution, Secret, Settings},
    tables::TABLES,
    workflows::{self, Done, WorkflowError},
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::staffed_database;

pub const KEYS: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

pub fn table(name: &str) -> &'static Resource {
    TABLES.iter().copied().find(|resource| resource.table == name).expect("a declared table")
}

pub fn keys(listed: &str) -> Keys {
    let settings = Settings {
        database: Which::Embedded,
        bind: ([127, 0, 0, 1], 0).into(),
        data_dir: "/nowhere".into(),
        secret_key: Some(Secret::new(listed.to_owned())),
        audit_key: None,
        audit_mail: None,
        public_url: None,
        environment: None,
        smtp_url: None,
        log_dir: None,
        demo_password: None,
        precaution: Precaution::default(),
    };
    Keys::load(&settings).expect("keys")
}

fn submission(typed: &[(&str, &str)]) -> Submission {
    Submission { pairs: typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(), garbled: Vec::new() }
}

/// What a form refuses: the columns, in order.
pub fn refused(resource: &'static Resource, current: Option<&Record>, typed: &[(&str, &str)]) -> Vec<&'static str> {
    let mut draft = Draft::submitted(resource, current, &submission(typed), chrono_tz::Tz::UTC);
    draft.check();
    draft.errors().map(|(column, _)| column.name).collect()
}

fn changes(resource: &'static Resource, current: Option<&Record>, typed: &[(&str, &str)]) -> Vec<(&'static Column, Value)> {
    let mut draft = Draft::submitted(resource, current, &submission(typed), chrono_tz::Tz::UTC);
    draft.check();
    let errors: Vec<_> = draft.errors().map(|(column, message)| format!("{}: {message}", column.name)).collect();
    assert!(errors.is_empty(), "{errors:?}");
    draft.changes()
}

/// A database with six people, and a way to act as each.
pub struct Desk {
    pub owner: Client,
    pub pool: Database,
    pub keys: Keys,
}

impl Desk {
    pub async fn open() -> Desk {
        let database = staffed_database().await;
        let pool = Database::new(database.application.manager(), 8, ServingRole::LoggedIn);
        Desk { owner: database.as_owner().await, pool, keys: keys(KEYS) }
    }

    pub async fn actor(&self, username: &str) -> Actor {
        let row =
            self.owner.query_one("SELECT id, full_name, email, role FROM users WHERE username = $1", &[&username]).await.expect("them");
        let role = row.get::<_, Option<String>>(3).as_deref().and_then(Role::named);
        Actor::new(row.get(0), username.to_owned(), row.get(1), row.get(2), role, Uuid::nil(), Preferences::default(), Policy(LINES))
    }

    pub async fn id_of(&self, username: &str) -> Uuid {
        self.actor(username).await.id
    }

    pub async fn write(&self, actor: &Actor) -> Write {
        let origin =
            Origin { party: Party::User(actor.id), channel: Channel::Console, ip: None, agent: None, request: None, session: None };
        Write::begin(&self.pool, &origin).await.expect("a transaction")
    }

    pub async fn read(&self) -> Connection {
        self.pool.read().await.expect("a connection")
    }

    pub async fn create(&self, username: &str, name: &str, id: Uuid, typed: &[(&str, &str)]) -> Result<Done, WorkflowError> {
        let actor = self.actor(username).await;
        let resource = table(name);
        let grant = actor.authorize(Action::Create, resource).expect("may create");
        let write = self.write(&actor).await;
        let done = workflows::create(&write, &actor, &grant, &self.keys, id, &changes(resource, None, typed)).await?;
        write.commit().await.expect("kept");
        Ok(done)
    }

    pub async fn save(&self, username: &str, name: &str, id: Uuid, typed: &[(&str, &str)]) -> Result<Done, WorkflowError> {
        let actor = self.actor(username).await;
        let resource = table(name);
        let grant = actor.authorize(Action::Edit, resource).expect("may edit");
        let write = self.write(&actor).await;
        let record = store::record(&write, &grant, id).await?;
        let changes = changes(resource, Some(&record), typed);
        let done = workflows::save(&write, &actor, &grant, &self.keys, id, &record.version(), &changes).await?;
        write.commit().await.expect("kept");
        Ok(done)
    }

    pub async fn act(&self, username: &str, name: &str, action: Action, id: Uuid, reason: Option<&str>) -> Result<Done, WorkflowError> {
        let actor = self.actor(username).await;
        let grant = actor.authorize(action, table(name)).expect("may act");
        let write = self.write(&actor).await;
        let done = workflows::act(&write, &actor, &grant, id, reason).await?;
        write.commit().await.expect("kept");
        Ok(done)
    }

    pub async fn record(&self, name: &str, id: Uuid) -> Record {
        let grant = self.actor("admin").await.authorize(Action::Read, table(name)).expect("may read");
        store::record(&self.read().await, &grant, id).await.expect("the record")
    }

    pub async fn account(&self, username: &str, number: &str) -> Uuid {
        let id = Uuid::now_v7();
        let owner = self.id_of(username).await.to_string();
        let typed = [
            ("account_name", "Everyday"),
            ("account_number", number),
            ("user_id", &owner),
            ("account_type", "checking"),
            ("currency", "USD"),
        ];
        self.create("admin", "accounts", id, &typed).await.expect("an account").id
    }

    pub async fn text(&self, statement: &str, id: Uuid) -> Option<String> {
        self.owner.query_one(statement, &[&id]).await.expect("one row").get(0)
    }
}

/// The fields an error is about; empty where it is about none.
pub fn fields(error: &WorkflowError) -> Vec<&'static str> {
    match error {
        WorkflowError::Fields(errors) => errors.iter().map(|error| error.column).collect(),
        WorkflowError::Taken { columns, .. } => columns.iter().map(|column| column.name).collect(),
        _ => Vec::new(),
    }
}
