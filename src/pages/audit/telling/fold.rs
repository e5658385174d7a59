//! Which entries belong together, and which of them tells what the others are part of?

use std::collections::HashMap;

use uuid::Uuid;

use super::known::Known;
use crate::audit::{
    entry::{Deed, Doer},
    trail_entry::{Subject, TrailEntry},
};

/// Entries that are told as one; indexes of them, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    pub lead: usize,
    pub members: Vec<usize>,
    pub bond: Bond,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bond {
    /// One request, or one decision; also an entry alone.
    Request,
    /// One name's failed logins from one address, one after the other.
    Failures,
    /// What a job did to rows of one table at one time.
    Job,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Request(String),
    Decision(Uuid),
    Failures { name: Option<String>, address: Option<String> },
    Job { job: String, table: String, deed: &'static str },
}

/// What is further apart than this is no longer one burst of failed logins, in microseconds.
const BURST: i64 = 3_600_000_000;
/// Nor is it one run of a job.
const RUN: i64 = 60_000_000;

/// Puts together what belongs together, at the place of the newest.
pub fn folds(entries: &[TrailEntry], known: &Known) -> Vec<Fold> {
    let mut folds: Vec<Fold> = Vec::new();
    let mut open: HashMap<Key, usize> = HashMap::new();
    for (index, told) in entries.iter().enumerate() {
        let key = key(told);
        // Bursts and runs end where something else happened.
        open.retain(|other, _| match other {
            Key::Request(_) | Key::Decision(_) => true,
            Key::Failures { .. } => matches!(key, Some(Key::Failures { .. })),
            Key::Job { .. } => key.as_ref() == Some(other),
        });
        let place = key.as_ref().and_then(|key| open.get(key)).copied().filter(|place| {
            let last = folds[*place].members.last().map_or(index, |last| *last);
            is_near(&key, &entries[last], told)
        });
        match place {
            Some(place) => folds[place].members.push(index),
            None => {
                let bond = match &key {
                    Some(Key::Failures { .. }) => Bond::Failures,
                    Some(Key::Job { .. }) => Bond::Job,
                    Some(Key::Request(_) | Key::Decision(_)) | None => Bond::Request,
                };
                if let Some(key) = key {
                    open.insert(key, folds.len());
                }
                folds.push(Fold { lead: index, members: vec![index], bond });
            }
        }
    }
    for fold in &mut folds {
        // Of several that tell as much, the one that came first.
        let lead = fold.members.iter().copied().max_by_key(|index| (rank(&entries[*index], known), *index));
        fold.lead = lead.unwrap_or(fold.lead);
    }
    folds
}

fn key(told: &TrailEntry) -> Option<Key> {
    let entry = &told.entry;
    if matches!(told.event(), Some("login_failed" | "lockout")) {
        return Some(Key::Failures { name: told.told("username").map(str::to_owned), address: entry.address.clone() });
    }
    if let Some(request) = &entry.request {
        return Some(Key::Request(request.clone()));
    }
    if let Some(decision) = entry.approval {
        return Some(Key::Decision(decision));
    }
    match (&entry.doer, &told.subject) {
        (Doer::System(job), Subject::Record(..) | Subject::Other { .. }) => {
            Some(Key::Job { job: job.clone(), table: told.subject.table().to_owned(), deed: word(&entry.deed) })
        }
        _ => None,
    }
}

fn word(deed: &Deed) -> &'static str {
    match deed {
        Deed::Created => "created",
        Deed::Changed => "changed",
        Deed::Deleted => "deleted",
        Deed::Other(_) => "other",
    }
}

fn is_near(key: &Option<Key>, newer: &TrailEntry, older: &TrailEntry) -> bool {
    let most = match key {
        Some(Key::Failures { .. }) => BURST,
        Some(Key::Job { .. }) => RUN,
        Some(Key::Request(_) | Key::Decision(_)) | None => return true,
    };
    match (newer.entry.at.as_time(), older.entry.at.as_time()) {
        (Some(newer), Some(older)) => newer.microseconds().saturating_sub(older.microseconds()) <= most,
        (_, _) => false,
    }
}

/// How much an entry says of what the whole request was for.
fn rank(told: &TrailEntry, known: &Known) -> u8 {
    match &told.subject {
        Subject::Other { table, .. } if matches!(table.as_str(), "transaction_approvals" | "ledger_decisions") => {
            if known.decision(told).is_some() { 5 } else { 1 }
        }
        Subject::Event => 4,
        // Whoever reads them is told what was done elsewhere, and a session ends because of it.
        Subject::Record(resource, _) if matches!(resource.table, "notifications" | "user_sessions") => 2,
        Subject::Record(..) => 3,
        Subject::Other { .. } => 1,
    }
}
