//! Who works with the console in the tests?

use nexus_console::auth::password;
use tokio::sync::OnceCell;
use tokio_postgres::Client;

pub const PASSWORD: &str = "correct horse battery staple";

/// User name, role, full name.
pub const PEOPLE: [(&str, &str, &str); 6] = [
    ("admin", "admin", "Lena Fischer"),
    ("manager", "manager", "Ines Okafor"),
    ("manager2", "manager", "Dario Benedetti"),
    ("auditor", "auditor", "Margit Halvorsen"),
    ("user", "user", "Yusuf Demir"),
    ("viewer", "viewer", "Hana Kobayashi"),
];

static HASH: OnceCell<String> = OnceCell::const_new();

/// Adds the six, each with [`PASSWORD`]; `client` is the owner's.
pub async fn hire(client: &Client) {
    let hash = HASH.get_or_init(|| async { password::hash(PASSWORD).expect("a hash") }).await;
    for (username, role, full_name) in PEOPLE {
        client
            .execute(
                "INSERT INTO users (id, username, email, full_name, password_hash, role, is_active, is_verified) VALUES (public.nexus_uuid7(), $1::text, $1::text || '@example.com', $2, $3, $4, true, true)",
                &[&username, &full_name, hash, &role],
            )
            .await
            .expect("a user");
    }
}
