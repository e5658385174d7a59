//! Does a new password link go to its user by mail, or has whoever made it to hand it over?

use uuid::Uuid;

use crate::{
    app::Console,
    auth::one_time_link::HOURS,
    db::pool::DatabaseError,
    post::{Letter, PostError},
};

pub(super) enum Mailed {
    To(String),
    /// No mail server was named.
    Not,
    /// For whoever made the link: why they see it after all.
    Failed(String),
}

#[derive(Debug, thiserror::Error)]
enum Unsent {
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("the address could not be looked up")]
    Database(#[from] DatabaseError),
}

/// Once the link is committed: what does not arrive is shown instead, so that no link is lost.
pub(super) async fn mail(console: &Console, user: Uuid, link: &str) -> Mailed {
    if console.post.is_none() {
        return Mailed::Not;
    }
    match send(console, user, link).await {
        Ok(address) => Mailed::To(address),
        Err(error) => {
            tracing::warn!(%user, cause = %error, "a password link was not mailed");
            Mailed::Failed(error.to_string())
        }
    }
}

async fn send(console: &Console, user: Uuid, link: &str) -> Result<String, Unsent> {
    let connection = console.database.read().await?;
    let row = connection.query_one("SELECT email, full_name FROM users WHERE id = $1", &[&user]).await?;
    let read = |index| row.try_get::<_, String>(index).map_err(DatabaseError::from);
    let (address, full_name) = (read(0)?, read(1)?);
    drop(connection);
    let text = format!(
        "Hello {full_name},\r\n\r\nwith this link you choose your password for NEXUS Console:\r\n\r\n{link}\r\n\r\n\
         It works once and for {HOURS} hours. If you did not expect it, tell an administrator and leave it: \
         nothing changes until the link is used.\r\n"
    );
    if let Some(post) = &console.post {
        post.send(Letter { to: &address, subject: "Choose your password for NEXUS Console", text }).await?;
    }
    Ok(address)
}
