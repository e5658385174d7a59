//! What do both logs say together, and who may read it?

pub mod activity;
pub mod clause;
pub mod count;
pub mod driver;
pub mod entries;
pub mod export;
pub mod page;
pub mod parse;
pub mod place;
pub mod query;
pub mod reader;
pub mod slice;
pub mod statement;
pub mod words;

use super::entry::Log;
use crate::{
    auth::{
        actor::Actor,
        policy::{Action, Refused},
    },
    resource::Registry,
};

/// Permission to read every entry of both logs; made only by asking for each of them.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct TrailGrant(());

impl TrailGrant {
    /// `Read`, or `Export` for a file. `None` where the console administers no logs.
    ///
    /// # Errors
    /// [`Refused`], with the roles that may.
    pub fn ask(actor: &Actor, registry: &Registry, action: Action) -> Option<Result<TrailGrant, Refused>> {
        let logs: Option<Vec<_>> = Log::ALL.into_iter().map(|log| registry.find(log.table())).collect();
        let asked = logs?.into_iter().map(|log| actor.authorize(action, log)).collect::<Result<Vec<_>, Refused>>();
        let everything = |grants: &[crate::auth::grant::Grant]| grants.iter().all(crate::auth::grant::Grant::covers_all_rows);
        match asked {
            // There is no trail of one's own: a log's rows belong to nobody.
            Ok(grants) if !everything(&grants) => None,
            asked => Some(asked.map(|_| TrailGrant(()))),
        }
    }
}
