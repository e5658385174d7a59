//! Which actions does a record offer this actor, and why not the others?

use super::{record::with_back, urls};
use crate::{
    auth::{actor::Actor, policy::Action},
    error::WayOn,
    resource::{Resource, record::Record},
    workflows::limit,
};

/// A button in the head of a record.
#[derive(Debug)]
pub enum Offer {
    Link {
        label: String,
        href: String,
        icon: &'static str,
        look: &'static str,
        action: Action,
    },
    /// What this actor could do if the record were in another state: why not now.
    Withheld {
        label: String,
        why: &'static str,
        /// Where that can be seen.
        way: Option<WayOn>,
        action: Action,
    },
}

impl Offer {
    /// What asks nothing is done at once.
    pub fn is_pressed(&self) -> bool {
        matches!(self, Offer::Link { action: Action::MarkRead, .. })
    }

    /// The link the `e` key follows.
    pub fn is_edit(&self) -> bool {
        matches!(self, Offer::Link { action: Action::Edit, .. })
    }
}

/// The verbs that have a page of their own, as their URLs spell them.
pub const VERBS: [(&str, Action); 7] = [
    ("withdraw", Action::Withdraw),
    ("reverse", Action::Reverse),
    ("deactivate", Action::Deactivate),
    ("password-link", Action::SendPasswordLink),
    ("rotate", Action::Rotate),
    ("revoke", Action::Revoke),
    ("read", Action::MarkRead),
];

pub fn named(verb: &str) -> Option<Action> {
    VERBS.into_iter().find(|(name, _)| *name == verb).map(|(_, action)| action)
}

pub fn url_of(action: Action) -> &'static str {
    VERBS.into_iter().find(|(_, verb)| *verb == action).map_or("", |(name, _)| name)
}

/// What a button says.
pub fn label(action: Action, resource: &Resource) -> String {
    match action {
        Action::Withdraw => "Withdraw".to_owned(),
        Action::Decide => "Decide".to_owned(),
        Action::Reverse => "Reverse".to_owned(),
        Action::SetLimit => "Set limit".to_owned(),
        Action::Prove => "Ledger proof".to_owned(),
        Action::Resolve => "Resolve".to_owned(),
        Action::Verify => "Proof".to_owned(),
        Action::Deactivate => "Deactivate".to_owned(),
        Action::SendPasswordLink => "New password link".to_owned(),
        Action::Rotate => "Rotate".to_owned(),
        Action::Revoke if resource.table == "user_sessions" => "End session".to_owned(),
        Action::Revoke => "Revoke".to_owned(),
        Action::MarkRead => "Mark as read".to_owned(),
        Action::Annotate => "Annotate".to_owned(),
        Action::ReviewAccess => "Review access".to_owned(),
        Action::MakeEvidence => "Make evidence".to_owned(),
        Action::Edit => "Edit".to_owned(),
        Action::Delete => "Delete".to_owned(),
        Action::Create => "Duplicate".to_owned(),
        Action::History => "History".to_owned(),
        Action::Export => "Export".to_owned(),
        Action::Read => "Open".to_owned(),
    }
}

/// Why a record in this state does not allow what its table and this actor's role do.
pub fn obstacle(action: Action, record: &Record, actor: &Actor) -> Option<&'static str> {
    let not_active = record.value("is_active").as_bool() == Some(false);
    let status = record.value("status").as_text();
    let is_transaction = record.resource.table == "transactions";
    match action {
        Action::Edit if is_transaction && status != Some("pending") => {
            Some("Only pending transactions can be edited; correct this one by another transaction.")
        }
        Action::Edit if is_transaction && record.value("transaction_type").as_text() == Some("transfer") => {
            Some("A transfer is changed as a whole: withdraw it and make it anew.")
        }
        Action::Reverse if status != Some("completed") => Some("Only completed transactions are reversed."),
        Action::SetLimit if !limit::may_be_set(record) => Some("Checking and savings accounts never go below zero."),
        Action::Decide if record.value("created_by").as_uuid() == Some(actor.id) => Some("You made this one: somebody else decides it."),
        Action::Decide if record.value("updated_by").as_uuid() == Some(actor.id) => {
            Some("You edited this one last: somebody else decides it.")
        }
        Action::Withdraw if status != Some("pending") => Some("Only pending transactions can be withdrawn."),
        Action::Withdraw if record.value("created_by").as_uuid() != Some(actor.id) => Some("Only who made it can withdraw it."),
        Action::Deactivate if not_active => Some("Inactive already."),
        Action::SendPasswordLink if not_active => Some("Inactive users cannot sign in."),
        Action::Rotate | Action::Revoke if not_active => Some("Ended already."),
        Action::MarkRead if record.value("user_id").as_uuid() != Some(actor.id) => Some("Only whoever it is for marks it read."),
        Action::MarkRead if record.value("is_read").as_bool() == Some(true) => Some("Read already."),
        Action::Read
        | Action::Create
        | Action::Edit
        | Action::Delete
        | Action::Export
        | Action::History
        | Action::Withdraw
        | Action::Decide
        | Action::Reverse
        | Action::SetLimit
        | Action::Prove
        | Action::Resolve
        | Action::Verify
        | Action::Deactivate
        | Action::SendPasswordLink
        | Action::Rotate
        | Action::Revoke
        | Action::MarkRead
        | Action::Annotate
        | Action::ReviewAccess
        | Action::MakeEvidence => None,
    }
}

/// The actions of this actor on this record, the main one first, what destroys last.
pub fn offers(actor: &Actor, resource: &'static Resource, record: &Record, back: Option<&str>) -> Vec<Offer> {
    let id = record.id;
    let to = |url: String| with_back(url, back);
    let mut offers = Vec::new();
    let mut offer = |action: Action, href: String, icon: &'static str, look: &'static str| {
        if actor.may(action, resource) {
            let label = label(action, resource);
            offers.push(match obstacle(action, record, actor) {
                None => Offer::Link { label, href, icon, look, action },
                Some(why) => Offer::Withheld { label, why, way: None, action },
            });
        }
    };
    // Whoever may decide has nothing else to do first; of what is over nobody needs to hear that it cannot be decided.
    let is_pending = record.value("status").as_text() == Some("pending");
    let decides = is_pending && actor.may(Action::Decide, resource);
    if decides {
        offer(Action::Decide, urls::approval_url(id), "approve", "main");
    }
    let edit_look = if decides && obstacle(Action::Decide, record, actor).is_none() { "" } else { "main" };
    offer(Action::Edit, to(urls::edit_url(resource, id)), "edit", edit_look);
    let verb = |action| to(urls::verb_url(resource, id, url_of(action)));
    offer(Action::Annotate, to(urls::annotate_url(resource.table, id)), "note", "main");
    offer(Action::MarkRead, urls::verb_url(resource, id, url_of(Action::MarkRead)), "check", "main");
    offer(Action::Rotate, verb(Action::Rotate), "key", "main");
    offer(Action::SendPasswordLink, verb(Action::SendPasswordLink), "key", "");
    let is_transfer = resource.table == "transactions" && record.value("transaction_type").as_text() == Some("transfer");
    let copy = if is_transfer { urls::NEW_TRANSFER.to_owned() } else { urls::new_url(resource) };
    offer(Action::Create, to(format!("{copy}?copy={}", id.as_hyphenated())), "plus", "");
    offer(Action::Verify, urls::proof_of(id), "check", "");
    offer(Action::SetLimit, to(urls::limit_url(resource, id)), "edit", "");
    offer(Action::Reverse, verb(Action::Reverse), "reverse", "stop");
    offer(Action::Withdraw, verb(Action::Withdraw), "x", "stop");
    offer(Action::Deactivate, verb(Action::Deactivate), "x", "stop");
    offer(Action::Revoke, verb(Action::Revoke), "x", "stop");
    offer(Action::Delete, to(urls::delete_url(resource, id)), "x", "stop");
    offers
}
