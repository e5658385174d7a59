//! What proves that somebody was asked for permission?

use uuid::Uuid;

use super::policy::Action;
use crate::resource::Resource;

/// Permission for one action on one table. Only `policy` makes one, so a function that takes it
/// cannot be called by code that forgot to ask.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Grant {
    resource: &'static Resource,
    action: Action,
    rows: Rows,
    actor: Uuid,
}

/// The rows a grant is for; every statement puts them into its WHERE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    All,
    OwnedBy(Uuid),
}

impl Grant {
    pub(super) fn on_all_rows(resource: &'static Resource, action: Action, actor: Uuid) -> Grant {
        Grant { resource, action, rows: Rows::All, actor }
    }

    pub(super) fn on_own_rows(resource: &'static Resource, action: Action, actor: Uuid) -> Grant {
        Grant { resource, action, rows: Rows::OwnedBy(actor), actor }
    }

    pub fn resource(&self) -> &'static Resource {
        self.resource
    }

    pub fn action(&self) -> Action {
        self.action
    }

    pub fn rows(&self) -> Rows {
        self.rows
    }

    pub fn actor(&self) -> Uuid {
        self.actor
    }

    pub fn covers_all_rows(&self) -> bool {
        self.rows == Rows::All
    }
}
