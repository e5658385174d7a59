//! Which numbers does a role see first? Each is a list's bounded count, and leads to that list.

use chrono::{DateTime, Days, SecondsFormat, Utc};

use crate::{
    app::Console,
    auth::{
        actor::Actor,
        policy::Action,
        role::Role::{self, Admin, Auditor, Manager, User, Viewer},
    },
    db::pool::{Connection, DatabaseError},
    pages::{display::Counted, urls},
    resource::{
        request::{ListRequest, Query},
        store::{self, Count},
    },
};

/// A figure as declared: `@me`, `@now`, `@today`, `@week`, `@month` and `@quarter` stand for the actor and for how far back.
struct Declared {
    roles: &'static [Role],
    title: &'static str,
    table: &'static str,
    query: &'static [(&'static str, &'static str)],
    remark: &'static str,
}

const FIGURES: &[Declared] = &[
    Declared {
        roles: &[Admin, Manager, Viewer],
        title: "Pending transactions",
        table: "transactions",
        query: &[("status", "pending")],
        remark: "not decided yet",
    },
    Declared {
        roles: &[Manager],
        title: "Pending, made by me",
        table: "transactions",
        query: &[("status", "pending"), ("created_by", "@me")],
        remark: "somebody else decides on these",
    },
    Declared {
        roles: &[Manager],
        title: "Completed since yesterday",
        table: "transactions",
        query: &[("status", "completed"), ("processed_at.from", "@today")],
        remark: "in the last 24 hours",
    },
    Declared {
        roles: &[Admin, Manager],
        title: "Failed this week",
        table: "transactions",
        query: &[("status", "failed"), ("transaction_date.from", "@week")],
        remark: "in the last 7 days",
    },
    Declared {
        roles: &[Admin, Auditor],
        title: "Failed sign-ins",
        table: "audit_logs",
        query: &[("action", "login_failed"), ("created_at.from", "@week")],
        remark: "in the last 7 days",
    },
    Declared {
        roles: &[Admin],
        title: "Active sessions",
        table: "user_sessions",
        query: &[("is_active", "true"), ("expires_at.from", "now")],
        remark: "not ended yet",
    },
    Declared {
        roles: &[Admin, Auditor],
        title: "Keys to rotate",
        table: "api_keys",
        query: &[("is_active", "true"), ("created_at.to", "@quarter")],
        remark: "active and older than 90 days",
    },
    Declared {
        roles: &[Auditor],
        title: "Entries today",
        table: "audit_logs",
        query: &[("created_at.from", "@today")],
        remark: "in the last 24 hours",
    },
    Declared {
        roles: &[Auditor],
        title: "Exports",
        table: "audit_logs",
        query: &[("action", "export"), ("created_at.from", "@month")],
        remark: "in the last 30 days",
    },
    Declared {
        roles: &[Auditor],
        title: "Administrators",
        table: "users",
        query: &[("role", "admin"), ("is_active", "true")],
        remark: "active users of that role",
    },
    Declared { roles: &[User], title: "My accounts", table: "accounts", query: &[], remark: "that I own" },
    Declared {
        roles: &[User],
        title: "My pending transactions",
        table: "transactions",
        query: &[("status", "pending")],
        remark: "not decided yet",
    },
    Declared { roles: &[Viewer], title: "Accounts", table: "accounts", query: &[], remark: "of all customers" },
    Declared { roles: &[Viewer], title: "API contracts", table: "ssot_api_contracts", query: &[("status", "active")], remark: "active" },
    Declared {
        roles: &[User, Viewer, Manager],
        title: "Unread notifications",
        table: "notifications",
        query: &[("is_read", "false")],
        remark: "for me",
    },
];

#[derive(Debug, Clone)]
pub struct Figure {
    pub title: &'static str,
    pub value: Counted,
    pub remark: &'static str,
    pub href: String,
}

/// A declared query with its placeholders filled in, as the list's own parameters.
pub fn filled(query: &[(&str, &str)], actor: &Actor, now: DateTime<Utc>) -> Vec<(String, String)> {
    let ago = |days| now.checked_sub_days(Days::new(days)).unwrap_or(now).to_rfc3339_opts(SecondsFormat::Secs, true);
    let value = |text: &str| match text {
        "@me" => actor.id.to_string(),
        "@now" => ago(0),
        "@today" => ago(1),
        "@week" => ago(7),
        "@month" => ago(30),
        "@quarter" => ago(90),
        text => text.to_owned(),
    };
    query.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect()
}

/// The figures of the actor's role, each only where the list itself is allowed.
///
/// # Errors
/// See [`DatabaseError`]; a count that takes too long is not one.
pub async fn read(console: &Console, connection: &Connection, actor: &Actor, now: DateTime<Utc>) -> Result<Vec<Figure>, DatabaseError> {
    let mut figures = Vec::new();
    for declared in FIGURES.iter().filter(|declared| actor.role.is_some_and(|role| declared.roles.contains(&role))) {
        let Some(resource) = console.registry.find(declared.table) else { continue };
        let Ok(grant) = actor.authorize(Action::Read, resource) else { continue };
        let pairs = filled(declared.query, actor, now);
        let Ok(request) = ListRequest::parse(resource, &pairs, actor.preferences.time_zone) else { continue };
        let value = match store::count(connection, &grant, &request).await? {
            Count::Exactly(count) => Counted::Exactly(count),
            Count::MoreThan(count) => Counted::AtLeast(count),
            Count::About(count) => Counted::About(count),
            Count::Unknown => Counted::Unknown,
        };
        let href = urls::list_of(resource, &Query(pairs));
        figures.push(Figure { title: declared.title, value, remark: declared.remark, href });
    }
    Ok(figures)
}
