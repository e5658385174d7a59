//! What was changed last, by anybody, and what failed?

use std::collections::HashMap;

use uuid::Uuid;

use super::{
    entry::{Deed, Doer, Entry},
    trail_entry::{Subject, TrailEntry},
};
use crate::{
    auth::grant::Grant,
    db::pool::{Connection, DatabaseError},
    resource::Registry,
};

/// So many rows are looked through, because one request writes several.
const LOOKED_THROUGH: i64 = 200;

/// What is set to which value is not told here, so whether one was ever secret need not be asked.
const LATEST: &str = "\
SELECT e.log, e.id, e.action, e.old_values, e.new_values, e.context, e.user_id, e.ip_address, e.created_at, e.entity_type, e.entity_id, \
       e.user_agent, d.actor_kind, d.actor_name, d.request_id, d.session_id, d.approval_id, d.outcome, d.reason, u.id AS acting_id, u.full_name AS acting_name, \
       e.entity_type = 'system_settings' AS sealed \
FROM (SELECT 'audit_logs'::text AS log, l.id, l.action, l.old_values, l.new_values, l.context, l.user_id AS acting, \
             l.user_id::text AS user_id, l.ip_address, l.created_at, l.user_agent, l.entity_type, l.entity_id \
        FROM audit_logs l WHERE l.created_at IS NOT NULL ORDER BY l.created_at DESC, l.id DESC LIMIT $1) e \
  LEFT JOIN audit_details d ON d.log = e.log AND d.entry_id = e.id \
  LEFT JOIN users u ON u.id = e.acting \
 ORDER BY e.created_at DESC, e.id DESC";

/// Of what one request writes, what it was for.
const DECISIONS: [&str; 2] = ["transaction_approvals", "ledger_decisions"];

/// The comings and goings of every day, among which the rest would not be seen.
const COMINGS_AND_GOINGS: [&str; 3] = ["login", "logout", "server_started"];

/// The newest deeds, at most `most`: what one request wrote is told once, by its event or decision where it has one;
/// who signed in or out, and rows of tables that the console does not show, are not told at all.
/// `log` permits reading the audit log.
///
/// # Errors
/// `TooSlow` past the limit of a read.
pub async fn latest(connection: &Connection, log: &Grant, registry: &Registry, most: usize) -> Result<Vec<TrailEntry>, DatabaseError> {
    if !log.covers_all_rows() {
        return Ok(Vec::new());
    }
    let mut told: Vec<TrailEntry> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in connection.query(LATEST, &[&LOOKED_THROUGH]).await? {
        let entry = Entry::of(&row)?;
        let about: Option<Uuid> = row.try_get("entity_id")?;
        let subject = Subject::named(registry, row.try_get("entity_type")?, about.unwrap_or_default());
        let is_the_point = match (&subject, &entry.deed) {
            (Subject::Event, _) | (Subject::Record(..) | Subject::Other { .. }, Deed::Other(_)) => true,
            (Subject::Other { table, .. }, _) => DECISIONS.contains(&table.as_str()),
            (Subject::Record(..), _) => false,
        };
        if !is_the_point && matches!(subject, Subject::Other { .. }) {
            continue;
        }
        let request = entry.request.clone();
        let latest = TrailEntry { entry, subject };
        match request.as_ref().and_then(|request| places.get(request)) {
            Some(place) if is_the_point && matches!(told[*place].subject, Subject::Record(..)) => told[*place] = latest,
            Some(_) => {}
            None => {
                if let Some(request) = request {
                    places.insert(request, told.len());
                }
                told.push(latest);
            }
        }
    }
    told.retain(|one| match (&one.entry.deed, &one.entry.doer) {
        (Deed::Other(event), _) => !COMINGS_AND_GOINGS.contains(&event.as_str()),
        // The migration has an entry of its own.
        (Deed::Created | Deed::Changed | Deed::Deleted, Doer::System(job)) => job != "migrate",
        (Deed::Created | Deed::Changed | Deed::Deleted, _) => true,
    });
    told.truncate(most);
    Ok(told)
}
