//! Can searches for a part of a word use an index, and what makes it so if not?

use tokio_postgres::{Client, Error};

const STATE: &str = "
    SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'pg_trgm'),
           EXISTS (SELECT 1 FROM pg_catalog.pg_available_extensions WHERE name = 'pg_trgm')";

/// PostgreSQL's extension pg_trgm, in this database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigrams {
    Installed,
    /// The server has it, this database does not.
    Absent,
    /// Not even the server has it.
    Unavailable,
}

impl Trigrams {
    /// # Errors
    /// When the database cannot be asked.
    pub async fn of(client: &Client) -> Result<Trigrams, Error> {
        let row = client.query_one(STATE, &[]).await?;
        Ok(match (row.try_get(0)?, row.try_get(1)?) {
            (true, _) => Trigrams::Installed,
            (false, true) => Trigrams::Absent,
            (false, false) => Trigrams::Unavailable,
        })
    }

    /// What to type; the indexes then follow by themselves.
    pub const fn remedy(self) -> Option<&'static str> {
        match self {
            Trigrams::Installed => None,
            Trigrams::Absent => Some("CREATE EXTENSION pg_trgm; (in this database, as its owner or a superuser)"),
            Trigrams::Unavailable => Some(
                "apt-get install postgresql-contrib (or your system's package that has pg_trgm) on the server, \
                 then CREATE EXTENSION pg_trgm; in this database, as a superuser",
            ),
        }
    }
}
