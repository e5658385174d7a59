//! How does an empty database come to hold millions of rows in minutes, whole or not at all?

use chrono::NaiveDate;
use serde_json::json;
use tokio_postgres::{Client, Transaction, types::ToSql};

use super::{
    DemoError, USERS,
    load::{TRIGGERS_OFF, TRIGGERS_ON},
    names::STAFF,
};
use crate::db::event::event_of_job;

/// How much to fill in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Volume {
    /// One account for twenty of them, one customer for a hundred.
    pub transactions: i64,
    /// Entries of both logs together; a quarter of them are the registry's.
    pub audit: i64,
}

/// The history that the two records everybody can find have: entries each, where there are enough.
const KNOWN_HISTORY: i64 = 20;

/// PostgreSQL compiles what it takes for expensive, which here takes longer than it saves.
const PREPARE: &str = "\
    SET LOCAL timezone = 'UTC'; \
    SET LOCAL synchronous_commit = off; \
    SET LOCAL statement_timeout = 0; \
    SET LOCAL jit = off; \
    SET LOCAL work_mem = '64MB'; \
    SET LOCAL maintenance_work_mem = '256MB'";

/// Rows of an earlier run that was killed take room without being there.
const SWEEP: &str = "\
    VACUUM public.users, public.accounts, public.transactions, public.audit_logs, public.ssot_audit_logs, public.audit_details, \
        public.transaction_transfers, public.account_ledger, public.ssot_api_contracts, public.ssot_api_aliases";

/// Lists are planned by what this learns, and counted from indexes alone once it has run.
const LEARN: &str = "\
    VACUUM (ANALYZE) public.users, public.accounts, public.transactions, public.audit_logs, public.ssot_audit_logs, public.audit_details, \
        public.transaction_transfers, public.account_ledger, public.ssot_api_contracts, public.ssot_api_aliases";

/// Fills an empty database, as its owner, with what a platform of 18 months would hold on `today`; everybody in [`USERS`]
/// gets `password_hash`. The same day, hash and volume give the same rows; only the `load` event at the end is new.
/// `progress` is told what is being done.
///
/// # Errors
/// As [`super::fill`]; nothing has changed then.
pub async fn fill_to_measure(
    client: &mut Client,
    today: NaiveDate,
    password_hash: &str,
    volume: Volume,
    progress: impl Fn(&str),
) -> Result<(), DemoError> {
    if !password_hash.starts_with("$argon2id$") {
        return Err(DemoError::NotAHash);
    }
    client.batch_execute(SWEEP).await?;
    let transaction = client.transaction().await?;
    transaction.batch_execute(PREPARE).await?;
    // Takes a lock on users, so that of two fills at once the second sees what the first wrote.
    transaction.batch_execute(TRIGGERS_OFF).await?;
    if !super::is_empty(transaction.client()).await? {
        return Err(DemoError::NotEmpty);
    }
    transaction.batch_execute(include_str!("bulk/words.sql")).await?;
    transaction.batch_execute(include_str!("bulk/set_aside.sql")).await?;

    progress("users and accounts");
    staff(&transaction, today, password_hash).await?;
    let sized: [&(dyn ToSql + Sync); 2] = [&volume.transactions, &today];
    transaction.execute(include_str!("bulk/customers.sql"), &sized).await?;
    progress("transactions");
    transaction.execute(include_str!("bulk/transactions.sql"), &sized).await?;
    transaction.execute(include_str!("bulk/transfers.sql"), &sized).await?;
    // Their balances are what the transactions made of them.
    transaction.execute(include_str!("bulk/accounts.sql"), &sized).await?;
    progress("the registry and its log");
    transaction.execute(include_str!("bulk/contracts.sql"), &sized).await?;
    transaction.execute(include_str!("bulk/aliases.sql"), &sized).await?;
    let of_registry = volume.audit / 4;
    transaction.execute(include_str!("bulk/registry_entries.sql"), &[&volume.transactions, &today, &of_registry]).await?;
    progress("the audit log");
    let entries = volume.audit - of_registry;
    let known = KNOWN_HISTORY.min(entries / 4);
    transaction.execute(include_str!("bulk/entries.sql"), &[&volume.transactions, &today, &entries, &known]).await?;
    progress("what stands beside its entries");
    transaction.execute(include_str!("bulk/details.sql"), &[]).await?;
    progress("indexes and foreign keys");
    transaction.batch_execute(include_str!("bulk/put_back.sql")).await?;
    transaction.batch_execute(TRIGGERS_ON).await?;
    let details = json!({ "what": "demonstration data to measure on", "transactions": volume.transactions, "entries": volume.audit });
    event_of_job(&transaction, "demo", "load", &details).await?;
    transaction.commit().await?;

    progress("statistics");
    client.batch_execute(LEARN).await?;
    Ok(())
}

async fn staff(transaction: &Transaction<'_>, today: NaiveDate, password_hash: &str) -> Result<(), DemoError> {
    let usernames: Vec<&str> = USERS.iter().map(|user| user.username).collect();
    let roles: Vec<&str> = USERS.iter().map(|user| user.role.name()).collect();
    let named = |username: &str| STAFF.iter().find(|staff| staff.username == username).map(|staff| staff.full_name);
    let full_names: Vec<&str> = USERS.iter().map(|user| named(user.username).unwrap_or("Saoirse Brennan")).collect();
    transaction.execute(include_str!("bulk/staff.sql"), &[&usernames, &full_names, &roles, &password_hash, &today]).await?;
    Ok(())
}
