//! Who may choose a new password by the link that an administrator has made?

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::csrf::NoRandomness;
use crate::db::pool::{Connection, DatabaseError};
use crate::db::write::Write;

/// How long a link can be used.
pub const HOURS: i32 = 48;

#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error(transparent)]
    Random(#[from] NoRandomness),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// A link just made. It is shown or mailed once; the database holds only its hash.
#[must_use]
pub struct OneTimeLink {
    token: String,
}

impl OneTimeLink {
    /// The path that belongs behind the console's public address.
    #[must_use]
    pub fn path(&self) -> String {
        ["/password/", &self.token].concat()
    }
}

/// What a link is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    Usable(Owner),
    /// Used, expired, replaced by a newer one, or its user deactivated.
    Gone,
    /// Nobody made such a link.
    Unknown,
}

/// Whose password a link sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub id: Uuid,
    pub username: String,
    pub email: String,
    pub full_name: String,
}

/// Makes a link for a user; an earlier one that is still open ends.
///
/// # Errors
/// When there is no randomness, or as [`DatabaseError`] says.
pub async fn make(write: &Write, user: Uuid) -> Result<OneTimeLink, LinkError> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(NoRandomness::from)?;
    let token = URL_SAFE_NO_PAD.encode(random);
    write
        .execute("UPDATE one_time_links SET expires_at = now() WHERE user_id = $1 AND used_at IS NULL AND expires_at > now()", &[&user])
        .await?;
    write
        .execute(
            "INSERT INTO one_time_links (id, user_id, purpose, token_hash, expires_at) \
             VALUES ($1, $2, 'password', $3, now() + make_interval(hours => $4))",
            &[&Uuid::now_v7(), &user, &hash(&token), &HOURS],
        )
        .await?;
    Ok(OneTimeLink { token })
}

/// # Errors
/// See [`DatabaseError`].
pub async fn find(connection: &Connection, token: &str) -> Result<Link, DatabaseError> {
    let row = connection
        .query_opt(
            "SELECT u.id, u.username, u.email, u.full_name, l.used_at IS NULL AND l.expires_at > now() AND u.is_active IS TRUE \
             FROM one_time_links l JOIN users u ON u.id = l.user_id WHERE l.token_hash = $1",
            &[&hash(token)],
        )
        .await?;
    let Some(row) = row else { return Ok(Link::Unknown) };
    if !row.try_get::<_, bool>(4)? {
        return Ok(Link::Gone);
    }
    Ok(Link::Usable(Owner { id: row.try_get(0)?, username: row.try_get(1)?, email: row.try_get(2)?, full_name: row.try_get(3)? }))
}

/// Uses a link up; `false` when somebody else was quicker, or it ended meanwhile.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn redeem(write: &Write, token: &str) -> Result<bool, DatabaseError> {
    let used = write
        .execute(
            "UPDATE one_time_links SET used_at = now() WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now()",
            &[&hash(token)],
        )
        .await?;
    Ok(used == 1)
}

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}
