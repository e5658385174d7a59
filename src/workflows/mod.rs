//! How is a record made, changed or acted on, where writing its row is not all there is to it?

pub mod access_review;
pub mod account;
pub mod alias;
pub mod api_key;
pub mod approval;
pub mod attempt;
pub mod available;
pub mod drift;
pub mod failure;
pub mod holds;
pub mod limit;
pub mod notification;
pub mod replay;
pub mod reversal;
pub mod review;
pub mod run;
pub mod session;
pub mod setting;
pub mod stranded;
pub mod tiers;
pub mod ties;
pub mod told;
pub mod transaction;
pub mod transfer;
pub mod user;

use uuid::Uuid;

use crate::{
    auth::{actor::Actor, grant::Grant, policy::Action},
    db::{pool::DatabaseError, value::Value, write::Write},
    keys::Keys,
    resource::{Column, Registry, Resource, record::Record, store},
};
pub use failure::WorkflowError;

/// What a sound draft asks for.
pub type Changes<'a> = &'a [(&'static Column, Value)];

/// What came of it.
#[derive(Debug)]
pub struct Done {
    /// The record to go to.
    pub id: Uuid,
    /// One sentence for the next page.
    pub message: String,
    /// What nobody can be shown a second time.
    pub shown_once: Option<ShownOnce>,
}

/// A secret on its way to the one page that shows it: never into a cookie, a URL or a log.
pub enum ShownOnce {
    ApiKey(String),
    /// The path of a one-time link, to go behind the console's public address.
    PasswordLink(String),
}

impl std::fmt::Debug for ShownOnce {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            ShownOnce::ApiKey(_) => "ApiKey(hidden)",
            ShownOnce::PasswordLink(_) => "PasswordLink(hidden)",
        })
    }
}

impl Done {
    fn saying(id: Uuid, message: impl Into<String>) -> Done {
        Done { id, message: message.into(), shown_once: None }
    }

    fn showing(mut self, secret: ShownOnce) -> Done {
        self.shown_once = Some(secret);
        self
    }
}

/// Makes a record of any table. The same form sent again answers as the first time, without secrets.
///
/// # Errors
/// See [`WorkflowError`]; nothing is kept unless the caller commits.
pub async fn create(
    write: &Write,
    actor: &Actor,
    grant: &Grant,
    keys: &Keys,
    id: Uuid,
    changes: Changes<'_>,
) -> Result<Done, WorkflowError> {
    expect(grant, &[Action::Create])?;
    let resource = grant.resource();
    if let Some(done) = replay::earlier(write, actor, grant, id, changes).await? {
        return Ok(done);
    }
    let done = match resource.table {
        "users" => user::create(write, grant, id, changes).await,
        "transactions" => transaction::create(write, grant, id, changes).await,
        "system_settings" => setting::create(write, grant, keys, id, changes).await,
        "api_keys" => api_key::issue(write, actor, grant, id, changes).await,
        "notifications" => notification::send(write, grant, id, changes).await,
        _ => match store::insert(write, grant, id, changes).await {
            Ok(()) => Ok(Done::saying(id, made(resource))),
            Err(error) => Err(error.into()),
        },
    };
    let done = done.map_err(|error| error.at_fields_of(resource))?;
    within_own_rows(write, grant, done.id).await?;
    Ok(done)
}

/// What [`create`] answered to this very form, of which something will not do any more. `None` where it made nothing.
///
/// # Errors
/// `Invalid` where the id stands for something else.
pub async fn made_before(
    write: &Write,
    actor: &Actor,
    grant: &Grant,
    id: Uuid,
    changes: Changes<'_>,
) -> Result<Option<Done>, WorkflowError> {
    expect(grant, &[Action::Create])?;
    replay::earlier(write, actor, grant, id, changes).await
}

/// Changes a record that still is what its form was opened on.
///
/// # Errors
/// See [`WorkflowError`].
pub async fn save(
    write: &Write,
    actor: &Actor,
    grant: &Grant,
    keys: &Keys,
    id: Uuid,
    version: &str,
    changes: Changes<'_>,
) -> Result<Done, WorkflowError> {
    expect(grant, &[Action::Edit])?;
    let resource = grant.resource();
    let saved = match resource.table {
        "users" => user::edit(write, grant, id, version, changes).await,
        "accounts" => account::edit(write, grant, id, version, changes).await,
        "transactions" => transaction::edit(write, grant, id, version, changes).await,
        "system_settings" => setting::edit(write, grant, keys, id, version, changes).await,
        "api_keys" => api_key::edit(write, actor, grant, id, version, changes).await,
        _ => store::update(write, grant, id, version, changes).await.map_err(WorkflowError::from),
    };
    saved.map_err(|error| error.at_fields_of(resource))?;
    within_own_rows(write, grant, id).await?;
    if changes.is_empty() {
        return Ok(Done::saying(id, "Nothing was changed."));
    }
    Ok(Done::saying(id, format!("Saved the {}.", resource.singular)))
}

/// Does what the grant is for with one record: withdraw, reverse, deactivate, send a password link, rotate, revoke, mark read.
///
/// # Errors
/// See [`WorkflowError`].
pub async fn act(write: &Write, actor: &Actor, grant: &Grant, id: Uuid, reason: Option<&str>) -> Result<Done, WorkflowError> {
    let resource = grant.resource();
    let done = match (resource.table, grant.action()) {
        ("users", Action::Deactivate) => user::deactivate(write, grant, id).await,
        ("users", Action::SendPasswordLink) => user::password_link(write, grant, id).await,
        ("transactions", Action::Withdraw) => transaction::withdraw(write, grant, id, reason.unwrap_or_default()).await,
        ("transactions", Action::Reverse) => reversal::reverse(write, actor, grant, Uuid::now_v7(), id, reason.unwrap_or_default()).await,
        ("api_keys", Action::Rotate) => api_key::rotate(write, actor, grant, id).await,
        ("api_keys", Action::Revoke) => api_key::revoke(write, grant, id).await,
        ("user_sessions", Action::Revoke) => session::revoke(write, grant, id, session::Reach::One).await,
        ("ssot_api_aliases", Action::Deactivate) => alias::deactivate(write, grant, id).await,
        ("notifications", Action::MarkRead) => notification::mark_read(write, actor, grant, id).await,
        _ => Err(WorkflowError::Forbidden(format!("{} have no such action.", resource.plural))),
    };
    done.map_err(|error| error.at_fields_of(resource))
}

/// Deletes a record that nothing refers to; answers with what it was.
///
/// # Errors
/// See [`WorkflowError`].
pub async fn delete(write: &Write, registry: &Registry, grant: &Grant, id: Uuid) -> Result<Record, WorkflowError> {
    expect(grant, &[Action::Delete])?;
    let record = store::delete(write, registry, grant, id).await.map_err(|error| match error {
        error @ store::StoreError::Database(DatabaseError::Refused(_)) => WorkflowError::from(error).at_fields_of(grant.resource()),
        error => error.into(),
    })?;
    if grant.resource().table == "system_settings" {
        setting::may_go(&record)?;
    }
    if grant.resource().table == "accounts" && record.value("balance").as_decimal().is_some_and(|balance| !balance.is_zero()) {
        return Err(WorkflowError::Conflict(
            "The account holds a balance, which would vanish with it. Deactivate the account instead.".to_owned(),
        ));
    }
    Ok(record)
}

fn made(resource: &Resource) -> String {
    format!("Made the {}.", resource.singular)
}

/// A grant for one action is none for another.
fn expect(grant: &Grant, actions: &[Action]) -> Result<(), WorkflowError> {
    if actions.contains(&grant.action()) {
        return Ok(());
    }
    Err(WorkflowError::Forbidden(format!("Permission to {} is not enough for this.", grant.action().name())))
}

/// Nobody who may write only their own rows writes one for somebody else: not seen afterwards, not kept.
async fn within_own_rows(write: &Write, grant: &Grant, id: Uuid) -> Result<(), WorkflowError> {
    if grant.covers_all_rows() {
        return Ok(());
    }
    match store::record(write, grant, id).await {
        Ok(_) => Ok(()),
        Err(store::StoreError::Missing) => {
            Err(WorkflowError::Forbidden(format!("Your role may write only {} of your own.", grant.resource().several())))
        }
        Err(error) => Err(error.into()),
    }
}

/// The value a set of changes gives a column.
fn asked<'a>(changes: Changes<'a>, name: &str) -> Option<&'a Value> {
    changes.iter().find(|(column, _)| column.name == name).map(|(_, value)| value)
}
