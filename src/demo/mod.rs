//! What does a demonstration database hold?

use chrono::NaiveDate;
use tokio_postgres::Client;

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("the demo data could not be written")]
    Database(#[from] tokio_postgres::Error),
}

/// # Errors
/// See [`DemoError`].
pub async fn is_demo(client: &Client) -> Result<bool, DemoError> {
    Ok(client.query_opt("SELECT 1 FROM public.users WHERE username = 'manager2'", &[]).await?.is_some())
}

/// # Errors
/// See [`DemoError`].
pub async fn is_empty(client: &Client) -> Result<bool, DemoError> {
    Ok(client.query_opt("SELECT 1 FROM public.users LIMIT 1", &[]).await?.is_none())
}

/// # Errors
/// See [`DemoError`].
pub async fn fill(_client: &mut Client, _today: NaiveDate, _password: &str) -> Result<(), DemoError> {
    Ok(())
}
