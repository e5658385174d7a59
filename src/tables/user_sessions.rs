//! What is on sessions?

use super::{stamps, users};
use crate::resource::{Column, Group, Kind, Order, Owner, Resource, Slot, Tab};

static COLUMNS: &[Column] = &[
    stamps::id(),
    Column::new("user_id", "User", Kind::Reference(&users::RESOURCE)).required().listed().filterable().exported().slot(Slot::Title),
    Column::new("session_token", "Session token", Kind::Secret).required(),
    Column::new("refresh_token", "Refresh token", Kind::Secret).required(),
    Column::new("user_agent", "Device", Kind::LongText).listed().filterable().exported().slot(Slot::Key),
    Column::new("ip_address", "Address", Kind::Inet).listed().filterable().exported().slot(Slot::Meta),
    Column::new("is_active", "Active", Kind::Bool).listed().filterable().exported().slot(Slot::State),
    Column::new("expires_at", "Expires", Kind::Timestamp).required().listed().filterable().sortable().exported(),
    stamps::created_at().listed(),
    stamps::updated_at(),
];

pub static RESOURCE: Resource = Resource::new("user_sessions", "session", "Sessions", COLUMNS)
    .group(Group::System, "sessions")
    .purpose("Who is logged in, where and until when. One starts with each login.")
    .order(Order::descending("created_at"))
    .owner(Owner::Column("user_id"))
    .tabs(&[
        Tab { name: "Active", query: &[("is_active", "true"), ("expires_at.from", "now")] },
        Tab { name: "Expired", query: &[("is_active", "true"), ("expires_at.to", "now")] },
        Tab { name: "Revoked", query: &[("is_active", "false")] },
    ])
    .never_deleted("Sessions are never deleted, so that what was done in them keeps its place. Revoke the session instead.");
