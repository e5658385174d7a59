//! What does a transaction's record say of its decisions?

use chrono::Utc;
use uuid::Uuid;

use super::item::{Asked, Reader, Said};
use crate::{
    app::Console,
    db::pool::{Connection, DatabaseError},
    pages::{urls, visit::Visit},
    resource::record::Record,
    workflows::approval::item::life as read_life,
};

/// What has been said on a transaction, on its record's page.
pub struct LifeView {
    pub said: Vec<Said>,
    pub asked: Vec<Asked>,
    pub other_leg: Option<String>,
    pub reverses: Option<String>,
    pub reversed_by: Vec<String>,
    /// Where an open question is answered, for whoever may.
    pub answer: Option<String>,
}

/// The same, where there is anything to say.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn life(console: &Console, visit: &Visit, connection: &Connection, record: &Record) -> Result<Option<LifeView>, DatabaseError> {
    if record.resource.table != "transactions" {
        return Ok(None);
    }
    let life = read_life(connection, record.id).await?;
    if life.is_empty() {
        return Ok(None);
    }
    let actor = &visit.actor;
    let reader = Reader {
        actor,
        resource: record.resource,
        users: console.registry.find("users"),
        accounts: console.registry.find("accounts"),
        zone: actor.preferences.time_zone,
        now: Utc::now(),
    };
    let is_mine = ["created_by", "updated_by"].iter().any(|column| record.value(column).as_uuid() == Some(actor.id));
    let is_open = life.questions.iter().any(|question| question.outcome.is_none());
    let url = |id: Uuid| urls::record_url(record.resource, id);
    Ok(Some(LifeView {
        said: life.words.iter().map(|word| reader.said(word)).collect(),
        asked: life.questions.iter().map(|question| reader.asked(question)).collect(),
        other_leg: life.other_leg.map(url),
        reverses: life.links.reverses.map(url),
        reversed_by: life.links.reversed_by.into_iter().map(url).collect(),
        answer: (is_mine && is_open).then(|| urls::approval_url(record.id)),
    }))
}
