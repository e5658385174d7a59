//! Who is asking?

use chrono_tz::Tz;
use uuid::Uuid;

use super::{policy::Policy, role::Role};

/// The logged-in user, as the database knew them when this request began.
#[derive(Debug, Clone)]
pub struct Actor {
    pub id: Uuid,
    pub username: String,
    pub full_name: String,
    pub email: String,
    /// `None` (NULL, or a role nobody knows) may do nothing.
    pub role: Option<Role>,
    /// The row of `user_sessions` this request came with.
    pub session: Uuid,
    pub preferences: Preferences,
    pub(super) policy: Policy,
}

/// How the pages look to one user; a row of `console_preferences`, or these defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preferences {
    pub time_zone: Tz,
    pub theme: Theme,
    pub density: Density,
    pub shortcuts: Shortcuts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    System,
    Light,
    Dark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Density {
    Dense,
    Roomy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortcuts {
    On,
    Off,
}

impl Default for Preferences {
    fn default() -> Self {
        Preferences { time_zone: Tz::UTC, theme: Theme::System, density: Density::Dense, shortcuts: Shortcuts::On }
    }
}

impl Actor {
    #[expect(clippy::too_many_arguments, reason = "one argument a column of the session's query")]
    pub fn new(
        id: Uuid,
        username: String,
        full_name: String,
        email: String,
        role: Option<Role>,
        session: Uuid,
        preferences: Preferences,
        policy: Policy,
    ) -> Actor {
        Actor { id, username, full_name, email, role, session, preferences, policy }
    }
}
