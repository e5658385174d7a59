//! Are many sessions, keys, users, notifications and aliases ended at once, each as if it were alone, by those who may?

mod crash;
mod preview;
mod races;
mod roles;

use tokio_postgres::Client;
use uuid::Uuid;

/// So many open sessions of one user.
async fn sessions(owner: &Client, username: &str, count: i32) -> Vec<Uuid> {
    let rows = owner
        .query(
            "INSERT INTO user_sessions (user_id, session_token, refresh_token, user_agent, expires_at) \
             SELECT u.id, 'n1:' || $1 || n, 'none:' || $1 || n, 'Device ' || n, now() + interval '1 hour' \
               FROM users u, generate_series(1, $2) n WHERE u.username = $1 RETURNING id",
            &[&username, &count],
        )
        .await
        .expect("sessions");
    rows.iter().map(|row| row.get(0)).collect()
}

async fn user(owner: &Client, username: &str) -> Uuid {
    owner.query_one("SELECT id FROM users WHERE username = $1", &[&username]).await.expect("a user").get(0)
}

async fn is_active(owner: &Client, username: &str) -> bool {
    owner.query_one("SELECT is_active FROM users WHERE username = $1", &[&username]).await.expect("a user").get(0)
}
