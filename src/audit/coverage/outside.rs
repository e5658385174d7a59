//! How much of what is recorded came from others than the console?

use crate::db::pool::{Connection, DatabaseError};

/// Counting them all would take as long as the log is long.
pub const NEWEST: i64 = 10_000;

const ROLES: &str = "
    SELECT coalesce(d.actor_name, ''), count(*)
      FROM (SELECT a.actor_kind, a.actor_name FROM public.audit_details a ORDER BY a.id DESC LIMIT $1) AS d
     WHERE d.actor_kind = 'db'
     GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20";

/// A role of the database that writes past the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub name: String,
    pub entries: i64,
}

/// Among the newest entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outside {
    pub roles: Vec<Role>,
}

pub(super) async fn examine(connection: &Connection) -> Result<Outside, DatabaseError> {
    let rows = match connection.query(ROLES, &[&NEWEST]).await {
        Ok(rows) => rows,
        // For information only.
        Err(DatabaseError::TooSlow) => Vec::new(),
        Err(error) => return Err(error),
    };
    let roles = rows.iter().map(|row| Ok(Role { name: row.try_get(0)?, entries: row.try_get(1)? }));
    Ok(Outside { roles: roles.collect::<Result<Vec<_>, tokio_postgres::Error>>()? })
}
