//! What stands around every page: who is logged in, where they may go, and what was just done?

use chrono::{DateTime, Utc};

/// Everything the layout draws. Building it from a request is `Frame::for_request`.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The page's title without its suffix; a failed page begins it with "Error: ".
    pub title: String,
    pub environment: Option<Environment>,
    pub actor: Option<Signed>,
    pub navigation: Vec<NavigationGroup>,
    pub breadcrumbs: Vec<Crumb>,
    /// Masked anew for this page.
    pub csrf_token: String,
    pub flash: Option<Flash>,
    pub theme: Option<Theme>,
    pub rows: Density,
    pub keys: Shortcuts,
    pub unread: u32,
    pub request_id: String,
    /// When the session ends if nothing more is asked of it.
    pub session_ends: Option<DateTime<Utc>>,
    /// The page's own path and query.
    pub path: String,
    /// "Printed by Ines Okafor on 24 Nov 2026, 14:35 CET."
    pub printed: String,
}

impl Frame {
    /// The whole text of the title element.
    #[must_use]
    pub fn full_title(&self, page: &str) -> String {
        match &self.environment {
            Some(environment) => format!("{page} \u{b7} {} \u{b7} NEXUS Console", environment.name),
            None => format!("{page} \u{b7} NEXUS Console"),
        }
    }

    /// For `data-session-ends`, which the reminder reads.
    #[must_use]
    pub fn session_end(&self) -> Option<String> {
        self.session_ends.map(|ends| ends.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    }
}

/// The name in the band of every page, with its look.
#[derive(Clone, Debug)]
pub struct Environment {
    pub name: String,
    pub look: EnvironmentLook,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvironmentLook {
    Production,
    Demo,
    Other,
}

impl Environment {
    /// The look follows the name, so that nobody has to configure it twice.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let look = match name.to_lowercase().as_str() {
            "production" | "prod" | "live" => EnvironmentLook::Production,
            "demo" => EnvironmentLook::Demo,
            _ => EnvironmentLook::Other,
        };
        Self { name: name.to_owned(), look }
    }
}

impl EnvironmentLook {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Demo => "demo",
            Self::Other => "other",
        }
    }
}

/// The person in the bar's corner.
#[derive(Clone, Debug)]
pub struct Signed {
    pub full_name: String,
    pub role_label: &'static str,
    pub initials: String,
}

impl Signed {
    #[must_use]
    pub fn new(full_name: &str, role_label: &'static str) -> Self {
        let mut words = full_name.split_whitespace().filter_map(|word| word.chars().next());
        let first = words.next();
        let last = words.next_back();
        let initials = first.into_iter().chain(last).flat_map(char::to_uppercase).collect();
        Self { full_name: full_name.to_owned(), role_label, initials }
    }
}

/// Work, Ledger, Registry, Compliance, System.
#[derive(Clone, Debug)]
pub struct NavigationGroup {
    pub title: &'static str,
    pub links: Vec<NavigationLink>,
}

impl NavigationGroup {
    /// The heading's id, which names the group's list.
    #[must_use]
    pub fn id(&self) -> String {
        format!("nav-{}", self.title.to_lowercase())
    }
}

#[derive(Clone, Debug)]
pub struct NavigationLink {
    pub label: &'static str,
    pub href: String,
    pub icon: &'static str,
    pub current: bool,
    pub count: Option<String>,
}

/// One step of the way here; the last has no address.
#[derive(Clone, Debug)]
pub struct Crumb {
    pub label: String,
    pub href: Option<String>,
}

/// What the last request did, said once.
#[derive(Clone, Debug)]
pub struct Flash {
    pub kind: FlashKind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashKind {
    Done,
    Warning,
    Failed,
}

impl FlashKind {
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Warning => "wait",
            Self::Failed => "bad",
        }
    }

    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Done => "completed",
            Self::Warning => "warn",
            Self::Failed => "failed",
        }
    }
}

/// The theme somebody chose; without a choice the system decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// How high the rows of tables are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Density {
    #[default]
    Compact,
    Roomy,
}

/// Whether single keys do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shortcuts {
    #[default]
    On,
    Off,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_the_first_and_last_name() {
        for (name, initials) in [("Ines Okafor", "IO"), ("Ana María de la Vega", "AV"), ("Plato", "P"), ("", "")] {
            assert_eq!(Signed::new(name, "Manager").initials, initials);
        }
    }

    #[test]
    fn the_title_names_the_environment() {
        let mut frame = Frame::default();
        assert_eq!(frame.full_title("Users"), "Users \u{b7} NEXUS Console");
        frame.environment = Some(Environment::named("Demo"));
        assert_eq!(frame.full_title("Users"), "Users \u{b7} Demo \u{b7} NEXUS Console");
    }
}
