//! How does somebody want the pages to look, and how do they say so?

use crate::auth::actor::{Density, Preferences, Shortcuts, Theme};
use crate::pages::display::{ChoiceOption, Field, Input, Presence, Toggle};
use crate::resource::form::Submission;

/// Preferences as they were typed: the zone may be nonsense.
pub(super) struct Chosen {
    pub zone: String,
    pub preferences: Preferences,
}

/// The form's fields, as they are now or as they were typed.
pub(super) fn fields(chosen: &Chosen, zone_error: Option<String>) -> [Field<'_>; 4] {
    let choice = |column, label, options| Field {
        column,
        label,
        help: None,
        error: None,
        presence: Presence::Required,
        input: Input::Choice { options },
    };
    let zones = chrono_tz::TZ_VARIANTS
        .iter()
        .map(|zone| ChoiceOption { value: zone.name(), label: zone.name(), chosen: zone.name() == chosen.zone })
        .collect();
    let preferences = &chosen.preferences;
    let option = |value, label, chosen| ChoiceOption { value, label, chosen };
    let themes = vec![
        option("system", "As the system", preferences.theme == Theme::System),
        option("light", "Light", preferences.theme == Theme::Light),
        option("dark", "Dark", preferences.theme == Theme::Dark),
    ];
    let densities = vec![
        option("compact", "Compact", preferences.density == Density::Dense),
        option("comfortable", "Comfortable", preferences.density == Density::Roomy),
    ];
    let mut zone = choice("time_zone", "Time zone", zones);
    zone.help = Some("Every time is shown in it. Exports are in UTC.");
    zone.error = zone_error;
    let state = match preferences.shortcuts {
        Shortcuts::On => Toggle::On,
        Shortcuts::Off => Toggle::Off,
    };
    [
        zone,
        choice("theme", "Appearance", themes),
        choice("row_density", "Rows of tables", densities),
        Field {
            column: "single_key_shortcuts",
            label: "Keyboard",
            help: Some("/ searches, j and k move, e edits. Switch them off if you speak to your computer."),
            error: None,
            presence: Presence::Optional,
            input: Input::Switch { state, word: "Single-key shortcuts" },
        },
    ]
}

/// `None` for a choice that is not in the list; not sent means not changed.
pub(super) fn theme(sent: &Submission, current: Theme) -> Option<Theme> {
    match sent.get("theme") {
        None => Some(current),
        Some("system") => Some(Theme::System),
        Some("light") => Some(Theme::Light),
        Some("dark") => Some(Theme::Dark),
        Some(_) => None,
    }
}

pub(super) fn density(sent: &Submission, current: Density) -> Option<Density> {
    match sent.get("row_density") {
        None => Some(current),
        Some("compact") => Some(Density::Dense),
        Some("comfortable") => Some(Density::Roomy),
        Some(_) => None,
    }
}
