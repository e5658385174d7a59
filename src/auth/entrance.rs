//! What does the console need at its door, shared by all workers?

use actix_web::cookie::Key;

use super::csrf::Csrf;
use super::password::Hasher;
use super::reach::Reach;
use super::sealed::Sealer;
use super::setup_token::SetupToken;
use super::throttle::Throttle;
use crate::keys::Keys;

/// Whether this is the demonstration, whose users the login page may list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    Public,
    Demonstration,
}

pub struct Entrance {
    pub hasher: Hasher,
    pub throttle: Throttle,
    pub csrf: Csrf,
    pub sealer: Sealer,
    pub reach: Reach,
    pub setup: SetupToken,
    pub audience: Audience,
    /// Signs the session cookie.
    pub cookie_key: Key,
}

impl Entrance {
    #[must_use]
    pub fn new(keys: &Keys, reach: Reach, setup: SetupToken, audience: Audience) -> Entrance {
        Entrance {
            hasher: Hasher::for_this_machine(),
            throttle: Throttle::new(),
            csrf: Csrf::new(keys.all(Csrf::LABEL).collect()),
            sealer: Sealer::new(keys.all(Sealer::LABEL).collect()),
            reach,
            setup,
            audience,
            cookie_key: cookie_key(keys),
        }
    }
}

/// The library signs with one key only. The oldest is taken, so that a new key put in front logs nobody
/// out; the session's safety rests on its own 256 random bits, not on this signature.
fn cookie_key(keys: &Keys) -> Key {
    let oldest = |label: &'static str| keys.all(label).last().unwrap_or_default();
    Key::from(&[oldest("session-cookie-signature"), oldest("session-cookie-spare")].concat())
}
