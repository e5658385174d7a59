//! What does a person at the terminal get to read?

use std::{
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use zeroize::Zeroizing;

use super::Shared;
use crate::settings::Secret;

/// The demo users and what each is for, in the order of their rights.
pub const DEMO_USERS: [(&str, &str); 6] = [
    ("admin", "administers every table, users and settings"),
    ("manager", "approves transactions, works on accounts and contracts"),
    ("manager2", "the second pair of eyes for large amounts"),
    ("auditor", "reads everything, the logs included"),
    ("user", "a customer with three accounts"),
    ("viewer", "looks at accounts and transactions"),
];

/// Tests and scripts read this line to learn the port.
pub(super) fn listening(address: SocketAddr) {
    say(&[&format!("listening on http://{address}")]);
}

pub(super) fn ready(shared: &Shared, address: SocketAddr) {
    say(&["", &format!("NEXUS Console is ready: open {}", to_open(shared, address))]);
}

pub(crate) fn demo(password: &Secret) {
    let mut lines = vec![format!("Demo users, all with the password {}", password.reveal())];
    for (user, purpose) in DEMO_USERS {
        lines.push(format!("  {user:<9} {purpose}"));
    }
    say(&lines);
}

pub(super) fn setup(shared: &Shared, address: SocketAddr, token: &Zeroizing<String>) {
    say(&[
        format!("There is no administrator yet: open {}/setup", to_open(shared, address)),
        format!("and give this token: {}", token.as_str()),
        format!("(kept in {} until used)", shared.setup_token.path().display()),
    ]);
}

fn to_open(shared: &Shared, address: SocketAddr) -> String {
    match &shared.settings.public_url {
        Some(public) => public.origin.clone(),
        None => format!("http://{}", reachable(address)),
    }
}

/// "Every address" is nothing a browser can open.
fn reachable(address: SocketAddr) -> SocketAddr {
    let host = match address.ip() {
        IpAddr::V4(host) if host.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(host) if host.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        host => host,
    };
    SocketAddr::new(host, address.port())
}

/// A closed pipe behind standard output is no reason to stop serving.
fn say(lines: &[impl AsRef<str>]) {
    let mut output = io::stdout().lock();
    for line in lines {
        if writeln!(output, "{}", line.as_ref()).is_err() {
            return;
        }
    }
    output.flush().ok();
}
