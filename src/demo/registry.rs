//! What do the registry and the settings hold besides the rows every NEXUS database starts with?

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    calendar::{self, days_before},
    cell::Cell,
    journal::Record,
    table::Table,
    world::World,
};

/// Name, version, what it is, path, status, age in days.
const CONTRACTS: [(&str, &str, &str, &str, &str, i64); 10] = [
    ("payments-api", "v2.3.1", "Initiates and follows payments between accounts and to other banks", "payments", "active", 480),
    ("statements-api", "v1.4.0", "Monthly statements as PDF and CAMT.053", "statements", "active", 455),
    ("exchange-rates-api", "v1.1.2", "Mid-market rates, refreshed every 60 seconds", "rates", "active", 430),
    ("card-issuing-api", "v3.0.0", "Issues, blocks and replaces cards; limits per merchant category", "cards", "active", 402),
    ("notification-delivery-api", "v1.0.3", "Mail, text messages and push; retries for 24 hours", "notify", "active", 390),
    ("document-archive-api", "v2.0.0", "Ablage für Verträge, Ausweise und Belege (zehn Jahre)", "documents", "active", 311),
    ("fraud-screening-api", "v0.9.4", "Scores a transaction before it is posted; answers within 80 ms", "screening", "active", 120),
    ("legacy-ledger-api", "v1.8.7", "The ledger before 3.0. Read only; use transaction-management-api", "ledger/v1", "deprecated", 540),
    ("batch-transfer-api", "v1.2.0", "Nightly files of transfers, replaced by payments-api v2", "batch", "deprecated", 520),
    ("fax-gateway-api", "v1.0.0", "Confirmations by fax", "fax", "archived", 545),
];

/// Name, context, contract, age in days, for how many days (none: permanent), what it is for.
type Alias = (&'static str, &'static str, &'static str, i64, Option<i64>, Option<&'static str>);

const ALIASES: [Alias; 24] = [
    ("payments", "frontend", "payments-api", 470, None, Some("The web bank's name for it")),
    ("payments", "backend", "payments-api", 470, None, None),
    ("payments", "system", "payments-api", 300, None, None),
    ("statements", "frontend", "statements-api", 450, None, None),
    ("statements", "backend", "statements-api", 450, None, Some("Used by the month-end job")),
    ("fx-rates", "frontend", "exchange-rates-api", 420, None, None),
    ("fx-rates", "backend", "exchange-rates-api", 420, None, None),
    ("cards", "frontend", "card-issuing-api", 400, None, None),
    ("card-controls", "frontend", "card-issuing-api", 250, None, Some("Limits page of the telephone app")),
    ("notify", "system", "notification-delivery-api", 385, None, None),
    ("mailer", "backend", "notification-delivery-api", 385, None, Some("Old name, still in three services")),
    ("archive", "backend", "document-archive-api", 300, None, None),
    ("belege", "frontend", "document-archive-api", 280, None, Some("Name aus der deutschen Oberfläche")),
    ("screening", "backend", "fraud-screening-api", 118, None, None),
    (
        "screening-shadow",
        "backend",
        "fraud-screening-api",
        87,
        Some(90),
        Some("Second model runs beside the first until the comparison is done"),
    ),
    ("screening-canary", "system", "fraud-screening-api", 40, Some(60), Some("One request in a hundred")),
    ("payments-v2-pilot", "frontend", "payments-api", 210, Some(90), Some("Pilot with twelve customers")),
    ("old-ledger", "backend", "legacy-ledger-api", 400, Some(365), Some("Until the reports have moved")),
    ("ledger-export", "system", "legacy-ledger-api", 150, Some(120), Some("One last export for the auditors")),
    ("batch", "backend", "batch-transfer-api", 500, None, Some("Deprecated with its contract")),
    ("year-end", "system", "statements-api", 25, Some(80), Some("Only for the year-end run")),
    ("rates-cache-test", "backend", "exchange-rates-api", 12, Some(30), None),
    ("card-replacement-drive", "frontend", "card-issuing-api", 130, Some(100), Some("Replacement of the 2023 series")),
    ("legacy-billing", "backend", "batch-transfer-api", 200, None, Some("Nobody has called it since spring")),
];

pub fn define(world: &mut World) {
    let admin = world.find("admin");
    let mut contracts: Vec<(&str, Uuid)> = Vec::with_capacity(CONTRACTS.len());
    for (place, (name, version, description, path, status, age)) in CONTRACTS.into_iter().enumerate() {
        let at = world.ago(age);
        let id = world.identifiers.at(at);
        let author = if place % 2 == 0 { admin } else { world.find("dario.benedetti") };
        let made = world.request(author, at);
        let mut record = Record::new(
            Table::ApiContracts,
            id,
            made,
            [
                ("canonical_name", Cell::from(name)),
                ("version", Cell::from(version)),
                ("description", Cell::from(description)),
                ("base_url", Cell::Text(["https://api.example.com/", path].concat())),
                ("status", Cell::from("active")),
            ],
        );
        for (reached, days) in [("deprecated", 170), ("archived", 66)] {
            if status == "archived" || status == reached {
                let at = world.ago(days - place as i64);
                let origin = world.request(admin, at);
                record.change(origin, [("status", Cell::from(reached))]);
            }
        }
        world.records.push(record);
        contracts.push((name, id));
    }

    for (name, context, contract, age, lasts, description) in ALIASES {
        let at = world.ago(age);
        let id = world.identifiers.at(at);
        let contract = contracts.iter().find(|(known, _)| *known == contract).map(|(_, id)| *id);
        let made = world.request(admin, at);
        let mut record = Record::new(
            Table::ApiAliases,
            id,
            made,
            [
                ("contract_id", Cell::from(contract)),
                ("alias_name", Cell::from(name)),
                ("context", Cell::from(context)),
                ("alias_type", Cell::from(if lasts.is_some() { "temporary" } else { "permanent" })),
                // Days count from midnight, so that "ends in 3 days" holds all through the day of the fill.
                ("expires_at", Cell::from(lasts.map(|days| calendar::at(at.date_naive(), 23, 0) + TimeDelta::days(days)))),
                ("description", Cell::from(description)),
                ("is_active", Cell::Bool(true)),
            ],
        );
        if lasts.is_some_and(|days| days < age) && age % 20 == 0 {
            let at = world.ago(age - lasts.unwrap_or(0) - 2);
            let origin = world.request(admin, at);
            record.change(origin, [("is_active", Cell::Bool(false))]);
        }
        if name == "legacy-billing" {
            let at = world.ago(41);
            let origin = world.request(admin, at);
            record.delete(origin);
        }
        world.records.push(record);
    }
    rules(world, admin);
    settings(world, admin);
}

fn rules(world: &mut World, admin: usize) {
    let rules: [(&str, &str, Value, bool, i64); 6] = [
        ("key_rotation", "security", json!({ "max_age_days": 90, "warn_days_before": 7 }), true, 380),
        ("alias_naming", "validation", json!({ "pattern": "^[a-z0-9-]+$", "min_length": 3, "max_length": 50 }), true, 460),
        ("deprecation_notice", "workflow", json!({ "min_days": 90, "notify": ["frontend", "backend"] }), true, 300),
        ("large_transactions", "workflow", json!({ "from": 10000, "currency": "USD", "approvers": 2 }), true, 350),
        ("access_review", "retention", json!({ "privileged_every_days": 90, "others_every_days": 180, "attest_by": "owner" }), true, 260),
        ("freeze_at_year_end", "workflow", json!({ "from": "12-20", "until": "01-02", "except": ["hotfix"] }), false, 330),
    ];
    for (name, kind, config, is_active, age) in rules {
        let at = world.ago(age);
        let id = world.identifiers.at(at);
        let made = world.request(admin, at);
        let values = [
            ("rule_name", Cell::from(name)),
            ("rule_type", Cell::from(kind)),
            ("rule_config", Cell::Json(config)),
            ("is_active", Cell::Bool(true)),
        ];
        let mut record = Record::new(Table::GovernanceRules, id, made, values);
        if !is_active {
            let at = world.ago(320);
            let origin = world.request(admin, at);
            record.change(origin, [("is_active", Cell::Bool(false))]);
        }
        world.records.push(record);
    }
}

fn settings(world: &mut World, admin: usize) {
    // Sealed with a key nobody has: it shows as set, and opens nothing.
    let sealed = {
        use base64::{Engine, engine::general_purpose::STANDARD};
        ["enc:v1:", &STANDARD.encode(world.chance.bytes::<56>())].concat()
    };
    let settings: [(&str, Value, &str, &str, bool, i64); 7] = [
        ("default_currency", json!("USD"), "string", "Currency of a new account", false, 500),
        ("support_email", json!("support@example.com"), "string", "Where customers are sent for help", false, 500),
        ("statement_day", json!(1), "integer", "Day of the month on which statements are made", false, 470),
        ("maintenance_mode", json!(false), "boolean", "Customers see a notice instead of the web bank", false, 450),
        ("supported_locales", json!(["en", "de", "fr", "el", "ar", "he", "ja"]), "json", "Languages of the web bank", false, 410),
        ("smtp_host", json!("smtp.example.com"), "string", "Where mail is handed over", false, 365),
        ("smtp_password", json!(sealed), "string", "Password at the mail server", true, 365),
    ];
    for (key, value, kind, description, is_encrypted, age) in settings {
        let at = world.ago(age);
        let id = world.identifiers.at(at);
        let made = world.request(admin, at);
        let mut record = Record::new(
            Table::SystemSettings,
            id,
            made,
            [
                ("setting_key", Cell::from(key)),
                ("setting_value", Cell::Json(value)),
                ("setting_type", Cell::from(kind)),
                ("description", Cell::from(description)),
                ("is_encrypted", Cell::Bool(is_encrypted)),
                ("is_active", Cell::Bool(true)),
            ],
        );
        if key == "statement_day" {
            for (days, day) in [(160, 15), (152, 2)] {
                let at = world.ago(days);
                let origin = world.request(admin, at);
                record.change(origin, [("setting_value", Cell::Json(json!(day)))]);
            }
        }
        if key == "maintenance_mode" {
            let evening = days_before(world.today, 23);
            for (minute, on) in [((21, 58), true), ((23, 41), false)] {
                let origin = world.request(admin, calendar::at(evening, minute.0, minute.1));
                record.change(origin, [("setting_value", Cell::Json(json!(on)))]);
            }
        }
        world.records.push(record);
    }
}
