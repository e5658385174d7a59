//! What happened that an auditor should find?

use chrono::TimeDelta;
use serde_json::json;

use super::{
    calendar::{at, days_before},
    cell::Cell,
    origin::Origin,
    world::World,
};

/// Nobody of ours has an address from 200 on.
const STRANGER: &str = "192.0.2.251";
const ELSEWHERE: &str = "192.0.2.214";

pub fn happen(world: &mut World) {
    failed_logins(world);
    role_raised_and_lowered(world);
    left_and_came_back(world);
    changed_passwords(world);
    exports(world);
    refusals(world);
    customers_changed(world);
}

/// A burst at night from one address, until the account rests.
fn failed_logins(world: &mut World) {
    let start = at(days_before(world.today, 3), 2, 14);
    let mut moment = start;
    for attempt in 0..40 {
        moment += TimeDelta::milliseconds(world.chance.between(2_100, 6_400));
        let origin = stranger(world, moment);
        let admin = &world.people[world.find("admin")];
        let known = attempt % 4 != 3;
        let (id, name) = (admin.id.to_string(), admin.username);
        let details = json!({
            "user_id": known.then_some(&id),
            "username": known.then_some(name),
            "why": if known { "wrong_password" } else { "unknown_name" },
        });
        if attempt == 39 {
            let locked = Origin { outcome: Some("refused"), ..origin.clone() };
            world.event("lockout", json!({ "user_id": id, "username": name, "seconds": 1_800 }), locked);
        }
        world.event("login_failed", details, Origin { outcome: Some("failed"), ..origin });
    }
    // And those who only mistype.
    for (days, name) in
        [(2, "manager"), (5, "viewer"), (9, "user"), (16, "manager2"), (30, "auditor"), (47, "lena.fischer"), (80, "manager")]
    {
        let who = world.find(name);
        let moment = at(days_before(world.today, days), 7, 11);
        let person = world.request(who, moment);
        let origin = Origin {
            context: Some("console"),
            address: person.address,
            agent: person.agent,
            request: person.request,
            outcome: Some("failed"),
            ..Origin::job("login", moment)
        };
        let details = json!({ "user_id": world.people[who].id.to_string(), "username": name, "why": "wrong_password" });
        world.event("login_failed", details, origin);
    }
}

fn stranger(world: &mut World, moment: chrono::DateTime<chrono::Utc>) -> Origin {
    Origin {
        context: Some("console"),
        address: Some(STRANGER.to_owned()),
        agent: Some("python-requests/2.32.3"),
        request: Some(world.identifiers.at(moment).simple().to_string()),
        ..Origin::job("login", moment)
    }
}

fn role_raised_and_lowered(world: &mut World) {
    let lena = world.find("lena.fischer");
    for (days, by, role) in [(34, "kwame.asante", "manager"), (32, "admin", "viewer")] {
        let moment = world.ago(days);
        let by = world.find(by);
        let origin = world.request(by, moment);
        world.people[lena].record.change(origin, [("role", Cell::from(role))]);
    }
}

/// Somebody who left is made active again at night, past the console, and is found in the morning.
fn left_and_came_back(world: &mut World) {
    let oskar = world.find("oskar.lindqvist");
    let admin = world.find("admin");
    let left = at(days_before(world.today, 75), 16, 2);
    let origin = world.request(admin, left);
    world.people[oskar].record.change(origin, [("is_active", Cell::Bool(false))]);
    let night = at(days_before(world.today, 9), 23, 47);
    world.people[oskar].record.change(Origin::role("postgres", night), [("is_active", Cell::Bool(true))]);
    let morning = at(days_before(world.today, 8), 8, 21);
    let kwame = world.find("kwame.asante");
    let origin = world.request(kwame, morning);
    world.people[oskar].record.change(origin, [("is_active", Cell::Bool(false))]);

    for (name, days) in [("peter.smith2", 140), ("carmen.ruiz", 54)] {
        let who = world.find(name);
        let moment = world.ago(days).max(world.people[who].created + TimeDelta::hours(2));
        let origin = world.request(admin, moment);
        world.people[who].record.change(origin, [("is_active", Cell::Bool(false))]);
    }
}

fn changed_passwords(world: &mut World) {
    for (name, days) in [("lena.fischer", 60), ("margit.halvorsen", 97)] {
        let who = world.find(name);
        let hash = super::people::nobodys_hash(&mut world.chance);
        let moment = world.ago(days);
        let origin = world.request(who, moment);
        world.people[who].record.change(origin, [("password_hash", Cell::Text(hash))]);
    }
}

fn exports(world: &mut World) {
    for (days, hour, name, table, rows) in [
        (5, 3, "margit.halvorsen", "users", 60),
        (12, 10, "auditor", "audit_logs", 8_412),
        (30, 9, "auditor", "transactions", 4_870),
        (54, 11, "admin", "users", 59),
        (61, 14, "manager", "transactions", 212),
        (92, 9, "auditor", "ssot_audit_logs", 77),
    ] {
        let who = world.find(name);
        let moment = at(days_before(world.today, days), hour, 12);
        let mut origin = world.request(who, moment);
        if hour < 6 {
            origin.address = Some(ELSEWHERE.to_owned());
        }
        world.event("export", json!({ "table": table, "format": "csv", "rows": rows, "query": "" }), origin);
    }
}

fn refusals(world: &mut World) {
    for (days, name, what) in [
        (4, "viewer", "/tables/api_keys"),
        (11, "manager", "/tables/audit_logs"),
        (36, "user", "/tables/users"),
        (71, "lena.fischer", "/tables/accounts/new"),
    ] {
        let who = world.find(name);
        let moment = world.ago(days);
        let mut origin = world.request(who, moment);
        origin.outcome = Some("refused");
        world.event("permission_refused", json!({ "path": what }), origin);
    }
}

/// Names and addresses of customers change, in the console and past it.
fn customers_changed(world: &mut World) {
    let margit = world.find("margit.halvorsen");
    for (days, name) in [(21, "emily.carter"), (90, "lucia.novakova"), (133, "bob.li")] {
        let who = world.find(name);
        let admin = world.find("admin");
        let moment = world.ago(days).max(world.people[who].created + TimeDelta::hours(2));
        let origin = world.request(admin, moment);
        world.people[who].record.change(origin, [("email", Cell::Text([name, ".new@example.com"].concat()))]);
    }
    let count = world.accounts.len();
    for place in (5..count).step_by(17) {
        let days = world.chance.between(22, 150);
        let moment = world.ago(days).max(world.accounts[place].created + TimeDelta::hours(2));
        let origin = world.request(margit, moment);
        let name = [&world.accounts[place].name, ", main"].concat();
        world.accounts[place].record.change(origin, [("account_name", Cell::Text(name))]);
    }
}
