//! Who logged in, day after day, and on which devices?

use chrono::TimeDelta;
use serde_json::json;

use super::{
    calendar::{self, days_before, is_weekend},
    cell::Cell,
    journal::Record,
    table::Table,
    world::{World, device_of, login_time, session_of},
};

/// How far back logins of the staff go.
const DAYS: u64 = 180;

pub fn log_in(world: &mut World) {
    for who in 0..world.people.len() {
        let username = world.people[who].username;
        let is_staff = who < world.customers().start;
        if is_staff || username == "user" {
            let percent = match username {
                "manager" | "manager2" => 96,
                "viewer" | "user" => 45,
                _ => 84,
            };
            let until = if username == "oskar.lindqvist" { 76 } else { 1 };
            daily(world, who, percent, until);
        } else {
            now_and_then(world, who);
        }
    }
}

/// Sessions older than the last one of each device were cleared away long ago.
fn daily(world: &mut World, who: usize, percent: i64, until: u64) {
    let keeps_sessions = super::USERS.iter().any(|user| user.username == world.people[who].username);
    let mut seen = [false; 3];
    for back in until..=DAYS {
        let day = days_before(world.today, back);
        let device = device_of(day);
        let is_off = is_weekend(day) && !(keeps_sessions && device == 2);
        if is_off || (!world.chance.happens(percent) && seen[device]) {
            continue;
        }
        let at = login_time(who, day);
        let origin = world.request(who, at);
        let session = session_of(who, day);
        world.people[who].record.change(origin.clone(), [("last_login", Cell::Moment(at))]);
        let username = world.people[who].username;
        world.event("login", json!({ "username": username, "session_id": session.to_string() }), origin.clone());

        if keeps_sessions && !seen[device] {
            let (address, agent) = (origin.address.clone(), origin.agent);
            let mut record = Record::new(
                Table::UserSessions,
                session,
                origin.clone(),
                [
                    ("user_id", Cell::Uuid(world.people[who].id)),
                    // The hash of no key, and over before anybody could try one.
                    ("session_token", Cell::Text(["n1:", &hex::encode(world.chance.bytes::<32>())].concat())),
                    ("refresh_token", Cell::Text(["none:", &world.identifiers.at(at).to_string()].concat())),
                    ("ip_address", Cell::from(address)),
                    ("user_agent", Cell::from(agent)),
                    ("is_active", Cell::Bool(true)),
                    ("expires_at", Cell::Moment(at + TimeDelta::hours(1 + device as i64 * 2))),
                ],
            );
            // The one on the desk is left to run out.
            if device > 0 {
                let left = at + TimeDelta::minutes(world.chance.between(25, 55));
                let ended = crate::demo::origin::Origin { at: left, ..world.request(who, left) };
                record.change(ended.clone(), [("is_active", Cell::Bool(false))]);
                world.event("logout", json!({ "session_id": session.to_string() }), ended);
            }
            world.records.push(record);
        }
        seen[device] = true;
    }
}

/// Customers log in through the platform, some of them never.
fn now_and_then(world: &mut World, who: usize) {
    let times = world.chance.between(0, 4);
    for _ in 0..times {
        let ago = world.chance.between(1, 160).unsigned_abs();
        let day = days_before(world.today, ago);
        let at = calendar::between(&mut world.chance, day, 6, 23);
        if at > world.people[who].created {
            world.people[who].record.change(World::platform(at), [("last_login", Cell::Moment(at))]);
        }
    }
}
