//! Can an auditor end the day with a log that was read, and a quarter with everybody's access decided on?

mod access;
mod daily;
mod found;
mod window;

use tokio_postgres::Client;
use uuid::Uuid;

use super::support::{Console, console, staffed_database};

pub struct Office {
    pub console: Console,
    pub owner: Client,
}

impl Office {
    pub async fn open() -> Office {
        let console = console(staffed_database().await).await;
        let owner = console.database.as_owner().await;
        Office { console, owner }
    }

    pub async fn id(&self, username: &str) -> Uuid {
        self.owner.query_one("SELECT id FROM users WHERE username = $1", &[&username]).await.expect("one of the people").get(0)
    }

    pub async fn count(&self, statement: &str) -> i64 {
        self.owner.query_one(statement, &[]).await.unwrap_or_else(|error| panic!("{statement}: {error}")).get(0)
    }

    /// An entry of the main log, as somebody's own, so many minutes ago.
    pub async fn entry(&self, username: &str, minutes: i32) -> Uuid {
        let text = "INSERT INTO audit_logs (id, entity_type, entity_id, action, new_values, user_id, created_at) \
             SELECT public.nexus_uuid7(), 'users', u.id, 'UPDATE', '{}', u.id, now() - make_interval(mins => $2) FROM users u WHERE u.username = $1 RETURNING id";
        self.owner.query_one(text, &[&username, &minutes]).await.expect("an entry").get(0)
    }
}
