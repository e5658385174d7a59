//! Which columns does every table have? The id, and who touched the record when.

use crate::resource::{Column, Kind, Tab};

pub(super) const ACTIVE: Tab = Tab { name: "Active", query: &[("is_active", "true")] };
pub(super) const INACTIVE: Tab = Tab { name: "Inactive", query: &[("is_active", "false")] };

pub(super) const fn id() -> Column {
    Column::new("id", "Id", Kind::Uuid).required().offered().exported()
}

pub(super) const fn created_at() -> Column {
    Column::new("created_at", "Created", Kind::Timestamp).offered().filterable().sortable().exported()
}

pub(super) const fn updated_at() -> Column {
    Column::new("updated_at", "Updated", Kind::Timestamp).offered().filterable().sortable().exported()
}

pub(super) const fn created_by() -> Column {
    Column::new("created_by", "Created by", Kind::Reference(&super::users::RESOURCE)).offered().filterable().exported()
}

pub(super) const fn updated_by() -> Column {
    Column::new("updated_by", "Updated by", Kind::Reference(&super::users::RESOURCE)).offered().filterable().exported()
}

/// The registry's tables keep a name, not a user's id.
pub(super) const fn created_by_name() -> Column {
    Column::new("created_by", "Created by", Kind::Text(255)).required().offered().filterable().exported()
}

pub(super) const fn updated_by_name() -> Column {
    Column::new("updated_by", "Updated by", Kind::Text(255)).required().offered().filterable().exported()
}
