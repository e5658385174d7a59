//! Which API keys were issued, and what became of them?

use chrono::TimeDelta;
use serde_json::json;

use super::{cell::Cell, journal::Record, table::Table, world::World};

struct Key {
    owner: &'static str,
    name: &'static str,
    permissions: &'static [&'static str],
    age: i64,
    /// Days from its making to its end.
    lasts: Option<i64>,
    used_days_ago: Option<i64>,
    revoked_days_ago: Option<i64>,
}

const KEYS: [Key; 12] = [
    Key {
        owner: "admin",
        name: "Reporting export, nightly",
        permissions: &["transactions:read", "accounts:read"],
        age: 88,
        lasts: Some(365),
        used_days_ago: Some(1),
        revoked_days_ago: None,
    },
    Key {
        owner: "admin",
        name: "Terraform",
        permissions: &["system_settings:read", "ssot_api_contracts:read"],
        age: 34,
        lasts: Some(90),
        used_days_ago: Some(6),
        revoked_days_ago: None,
    },
    Key {
        owner: "admin",
        name: "Incident laptop, lost on the train",
        permissions: &["users:read", "accounts:read", "transactions:read"],
        age: 61,
        lasts: Some(90),
        used_days_ago: Some(18),
        revoked_days_ago: Some(17),
    },
    Key {
        owner: "manager",
        name: "Spreadsheet of open items",
        permissions: &["transactions:read"],
        age: 45,
        lasts: Some(90),
        used_days_ago: Some(2),
        revoked_days_ago: None,
    },
    Key {
        owner: "manager2",
        name: "Spreadsheet of open items",
        permissions: &["transactions:read"],
        age: 44,
        lasts: Some(90),
        used_days_ago: None,
        revoked_days_ago: None,
    },
    Key {
        owner: "auditor",
        name: "Evidence collector",
        permissions: &["audit_logs:read", "ssot_audit_logs:read"],
        age: 70,
        lasts: Some(180),
        used_days_ago: Some(1),
        revoked_days_ago: None,
    },
    Key {
        owner: "user",
        name: "Home budget app",
        permissions: &["accounts:read", "transactions:read"],
        age: 27,
        lasts: Some(90),
        used_days_ago: Some(1),
        revoked_days_ago: None,
    },
    Key {
        owner: "user",
        name: "Old telephone",
        permissions: &["accounts:read"],
        age: 260,
        lasts: Some(90),
        used_days_ago: Some(171),
        revoked_days_ago: None,
    },
    Key {
        owner: "kwame.asante",
        name: "Monitoring probe",
        permissions: &["ssot_api_contracts:read"],
        age: 310,
        lasts: None,
        used_days_ago: Some(1),
        revoked_days_ago: None,
    },
    Key {
        owner: "oskar.lindqvist",
        name: "Month-end macro",
        permissions: &["accounts:read", "transactions:read"],
        age: 200,
        lasts: Some(365),
        used_days_ago: Some(78),
        revoked_days_ago: Some(75),
    },
    Key {
        owner: "ingrid.halden",
        name: "Halden ERP",
        permissions: &["accounts:read", "transactions:read", "transactions:create"],
        age: 83,
        lasts: Some(90),
        used_days_ago: Some(1),
        revoked_days_ago: None,
    },
    Key {
        owner: "grace.whitfield",
        name: "Receivables matching",
        permissions: &["transactions:read"],
        age: 12,
        lasts: Some(90),
        used_days_ago: None,
        revoked_days_ago: None,
    },
];

pub fn issue(world: &mut World) {
    for key in &KEYS {
        let owner = world.find(key.owner);
        let at = world.ago(key.age);
        let id = world.identifiers.at(at);
        let made = world.request(owner, at);
        // A hash of nothing: no key leads to it.
        let hash = hex::encode(world.chance.bytes::<32>());
        let mut record = Record::new(
            Table::ApiKeys,
            id,
            made.clone(),
            [
                ("user_id", Cell::Uuid(world.people[owner].id)),
                ("key_name", Cell::from(key.name)),
                ("key_hash", Cell::Text(hash)),
                ("permissions", Cell::Json(json!(key.permissions))),
                ("is_active", Cell::Bool(true)),
                ("expires_at", Cell::from(key.lasts.map(|days| at + TimeDelta::days(days)))),
                ("last_used", Cell::Null),
            ],
        );
        world.event("key_issued", json!({ "key_id": id.to_string(), "key_name": key.name }), made);
        // The platform records a use; the console would not, so that reading leaves no entry.
        if let Some(days) = key.used_days_ago {
            let used = world.ago(days);
            record.change(World::platform(used), [("last_used", Cell::Moment(used))]);
        }
        if let Some(days) = key.revoked_days_ago {
            let at = world.ago(days);
            let admin = world.find("admin");
            let mut origin = world.request(admin, at);
            origin.reason = Some("No longer in its owner's hands.".to_owned());
            record.change(origin, [("is_active", Cell::Bool(false))]);
        }
        world.records.push(record);
    }
}
