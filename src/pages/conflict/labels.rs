//! What are the records called that the versions refer to?

use std::collections::HashMap;

use uuid::Uuid;

use super::Merge;
use crate::{
    audit::base::Since,
    auth::policy::Action,
    db::pool::{Connection, DatabaseError},
    pages::visit::Visit,
    resource::{Column, Kind, reference::lookup},
};

#[derive(Debug, Default)]
pub struct Labels {
    known: HashMap<Uuid, String>,
    /// References to records this actor may not read.
    hidden: Vec<&'static str>,
}

impl Labels {
    pub fn known(&self) -> &HashMap<Uuid, String> {
        &self.known
    }

    pub fn hide(&self, column: &Column) -> bool {
        self.hidden.contains(&column.name)
    }

    /// The names of all versions' references.
    ///
    /// # Errors
    /// See [`DatabaseError`].
    pub async fn of(connection: &Connection, visit: &Visit, merge: &Merge<'_>, since: &Since) -> Result<Labels, DatabaseError> {
        let mut labels = Labels::default();
        for field in &merge.mine.fields {
            let Kind::Reference(target) = field.column.kind else {
                continue;
            };
            let Ok(grant) = visit.actor.authorize(Action::Read, target) else {
                labels.hidden.push(field.column.name);
                continue;
            };
            let theirs = merge.theirs.value(field.column.name).as_uuid();
            let mine = Uuid::try_parse(&field.typed).ok();
            let base = since.base.as_ref().and_then(|base| base.value(field.column)?.as_uuid());
            for id in [theirs, mine, base].into_iter().flatten() {
                if !labels.known.contains_key(&id)
                    && let Some(found) = lookup(connection, &grant, id).await?
                {
                    labels.known.insert(id, found.label);
                }
            }
        }
        Ok(labels)
    }
}
