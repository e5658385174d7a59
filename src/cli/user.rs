//! How does somebody at the machine make a user, or let one back in?

use clap::{Subcommand, ValueEnum};
use tokio_postgres::{Client, Transaction, error::SqlState};
use uuid::Uuid;

use super::{
    password::{PasswordInputError, PasswordSource},
    reach::{ReachError, Reached},
};
use crate::{
    auth::password::{self, PasswordError},
    db::event::event_of_job,
    resource::form::is_email,
    settings::Settings,
};

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Create a user; the password is asked for
    Create {
        #[arg(long)]
        username: String,
        #[arg(long)]
        email: String,
        #[arg(long)]
        full_name: String,
        #[arg(long, value_enum)]
        role: RoleName,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Give a user a new password, and end the user's sessions
    Password {
        #[arg(long)]
        username: String,
        #[command(flatten)]
        password: PasswordSource,
    },
}

/// As the database spells them.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum RoleName {
    Admin,
    Manager,
    Auditor,
    User,
    Viewer,
}

impl RoleName {
    fn stored(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Auditor => "auditor",
            Self::User => "user",
            Self::Viewer => "viewer",
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error(transparent)]
    Reach(#[from] ReachError),
    #[error(transparent)]
    Input(#[from] PasswordInputError),
    #[error(transparent)]
    Hash(#[from] PasswordError),
    #[error("{flag}: read {read:?}; accepted is {accepted}")]
    Field { flag: &'static str, read: String, accepted: &'static str },
    #[error("the user name or the email is taken")]
    Taken,
    #[error("there is no user {0:?}")]
    Unknown(String),
    #[error("the database has no users table yet; type: nexus-console migrate up")]
    NotMigrated,
    #[error("the database refused: {0}")]
    Database(#[source] tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for UserError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(code) if *code == SqlState::UNIQUE_VIOLATION => Self::Taken,
            Some(code) if *code == SqlState::UNDEFINED_TABLE => Self::NotMigrated,
            Some(_) | None => Self::Database(error),
        }
    }
}

pub(super) async fn run(command: User, settings: &Settings) -> Result<(), UserError> {
    check(&command)?;
    let reached = Reached::open(settings, "user").await?;
    let outcome = match reached.client().await {
        Ok(mut owner) => execute(command, &mut owner).await,
        Err(error) => Err(error.into()),
    };
    reached.close().await?;
    outcome
}

fn check(command: &User) -> Result<(), UserError> {
    match command {
        User::Create { username, email, full_name, .. } => {
            let printable = |text: &str| !text.contains(char::is_control);
            let within = |text: &str, longest: usize| !text.trim().is_empty() && printable(text) && text.chars().count() <= longest;
            field("--username", username, within(username, 50), "1 to 50 characters")?;
            field("--full-name", full_name, within(full_name, 255), "1 to 255 characters")?;
            field("--email", email, within(email, 255) && is_email(email), "an email address")
        }
        User::Password { .. } => Ok(()),
    }
}

fn field(flag: &'static str, read: &str, outcome: bool, accepted: &'static str) -> Result<(), UserError> {
    if outcome { Ok(()) } else { Err(UserError::Field { flag, read: read.to_owned(), accepted }) }
}

async fn execute(command: User, owner: &mut Client) -> Result<(), UserError> {
    match command {
        User::Create { username, email, full_name, role, password } => {
            let (username, email) = (username.trim(), email.trim());
            let hash = password::hash(password.read(username, email)?.reveal())?;
            let transaction = begin(owner).await?;
            transaction
                .execute(
                    "INSERT INTO public.users (id, username, email, full_name, password_hash, role, is_active, is_verified) \
                     VALUES ($1, $2, $3, $4, $5, $6, true, true)",
                    &[&Uuid::now_v7(), &username, &email, &full_name.trim(), &hash, &role.stored()],
                )
                .await?;
            transaction.commit().await?;
            println!("created {username} ({})", role.stored());
        }
        User::Password { username, password } => {
            let row = owner
                .query_opt("SELECT id, email, is_active FROM public.users WHERE username = $1", &[&username])
                .await?
                .ok_or_else(|| UserError::Unknown(username.clone()))?;
            let (id, email): (Uuid, String) = (row.get(0), row.get(1));
            let is_active: Option<bool> = row.get(2);
            let hash = password::hash(password.read(&username, &email)?.reveal())?;
            let transaction = begin(owner).await?;
            transaction.execute("UPDATE public.users SET password_hash = $2 WHERE id = $1", &[&id, &hash]).await?;
            // Whoever knew the old password must not stay logged in with it.
            let ended =
                transaction.execute("UPDATE public.user_sessions SET is_active = false WHERE user_id = $1 AND is_active", &[&id]).await?;
            let details = serde_json::json!({ "user_id": id.to_string(), "sessions_ended": ended });
            event_of_job(&transaction, "cli", "password_set", &details).await?;
            transaction.commit().await?;
            println!("{username} has a new password; {ended} sessions ended");
            if is_active != Some(true) {
                println!("{username} is deactivated and cannot log in until an administrator changes that");
            }
        }
    }
    Ok(())
}

/// Acts as `system:cli`, so that the log says whose hand it was.
async fn begin(owner: &mut Client) -> Result<Transaction<'_>, UserError> {
    let transaction = owner.transaction().await?;
    transaction.query("SELECT set_config('nexus.actor', 'system:cli', true), set_config('nexus.context', 'job', true), set_config('nexus.outcome', 'ok', true)", &[]).await?;
    Ok(transaction)
}
