//! Which controls does the filter panel have, and what stands in them?

use super::sentence::Names;
use crate::{
    auth::policy::Action,
    pages::{
        display::{ChoiceOption, Control, FilterField},
        shown::Viewer,
    },
    resource::{Column, Kind, Resource, column::Matching, request::BadQuery},
};

/// A filterable column with the names of its parameters, which the panel's controls borrow.
pub struct Filterable {
    column: &'static Column,
    label: String,
    minimum: String,
    maximum: String,
    from: String,
    to: String,
    find: String,
    empty: String,
}

/// Parameters that a list reads beside its filters.
pub const STATE: [&str; 5] = ["tz", "sort", "limit", "columns", "q"];

/// The columns this actor may filter by.
pub fn filterables(resource: &'static Resource, viewer: &Viewer<'_>) -> Vec<Filterable> {
    resource.columns.iter().filter(|column| column.filterable && may_filter(column, viewer)).map(Filterable::of).collect()
}

/// A filter tells as much as a cell does, so it asks for the same right.
pub fn may_filter(column: &Column, viewer: &Viewer<'_>) -> bool {
    viewer.may_see(column)
        && match column.kind {
            Kind::Reference(target) => viewer.actor.may(Action::Read, target),
            Kind::Text(_)
            | Kind::LongText
            | Kind::Bool
            | Kind::Uuid
            | Kind::Money(_)
            | Kind::Timestamp
            | Kind::Inet
            | Kind::Json
            | Kind::Choice(_)
            | Kind::Secret
            | Kind::SecretWhen(_) => true,
        }
}

impl Filterable {
    fn of(column: &'static Column) -> Filterable {
        let name = column.name;
        let label = match column.kind {
            Kind::Text(_) | Kind::LongText if column.matching == Matching::Part => format!("{} contains", column.label),
            Kind::Text(_)
            | Kind::LongText
            | Kind::Bool
            | Kind::Uuid
            | Kind::Money(_)
            | Kind::Timestamp
            | Kind::Inet
            | Kind::Json
            | Kind::Choice(_)
            | Kind::Reference(_)
            | Kind::Secret
            | Kind::SecretWhen(_) => column.label.to_owned(),
        };
        Filterable {
            column,
            label,
            minimum: format!("{name}.min"),
            maximum: format!("{name}.max"),
            from: format!("{name}.from"),
            to: format!("{name}.to"),
            find: format!("{name}.find"),
            empty: format!("{name}.empty"),
        }
    }

    fn is_named(&self, parameter: &str) -> bool {
        let names = [self.column.name, &self.minimum, &self.maximum, &self.from, &self.to, &self.find];
        names.contains(&parameter)
    }
}

/// What was typed, as the query has it.
pub struct Typed<'a> {
    pub pairs: &'a [(String, String)],
    pub names: &'a Names,
    pub wrong: Option<&'a BadQuery>,
}

impl Typed<'_> {
    fn value(&self, parameter: &str) -> String {
        self.pairs.iter().find(|(name, _)| name == parameter).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    fn has(&self, parameter: &str, value: &str) -> bool {
        self.pairs.iter().any(|pair| pair.0 == parameter && pair.1 == value)
    }

    fn pair<'n>(&self, parameter: &'n str) -> (&'n str, String) {
        (parameter, self.value(parameter))
    }
}

/// The controls for what a column holds.
pub fn controls<'a>(filterables: &'a [Filterable], typed: &Typed<'_>, zone: &'a str) -> Vec<FilterField<'a>> {
    let field = |filterable: &'a Filterable| {
        let is_wrong = |wrong: &&BadQuery| filterable.is_named(&wrong.parameter);
        let error = typed.wrong.filter(is_wrong).map(|wrong| wrong.problem.clone());
        Some(FilterField { label: &filterable.label, control: control(filterable, typed, zone)?, error })
    };
    filterables.iter().filter_map(field).collect()
}

/// The questions whether a column holds anything.
pub fn presences<'a>(filterables: &'a [Filterable], typed: &Typed<'_>) -> Vec<FilterField<'a>> {
    let asked = |filterable: &&Filterable| filterable.column.nullable && filterable.column.is_own() && !filterable.column.is_secret();
    let field = |filterable: &'a Filterable| FilterField {
        label: filterable.column.label,
        control: Control::One { name: &filterable.empty, options: options(typed, &filterable.empty, &[("no", "Set"), ("yes", "Not set")]) },
        error: typed.wrong.filter(|wrong| wrong.parameter == filterable.empty).map(|wrong| wrong.problem.clone()),
    };
    filterables.iter().filter(asked).map(field).collect()
}

fn control<'a>(filterable: &'a Filterable, typed: &Typed<'_>, zone: &'a str) -> Option<Control<'a>> {
    let name = filterable.column.name;
    Some(match filterable.column.kind {
        Kind::Choice(choices) => {
            let pairs: Vec<_> = choices.iter().map(|choice| (choice.value, choice.label)).collect();
            Control::Choices { name, options: options(typed, name, &pairs) }
        }
        Kind::Bool => Control::One { name, options: options(typed, name, &[("true", "Yes"), ("false", "No")]) },
        Kind::Money(_) => Control::Amounts { least: typed.pair(&filterable.minimum), most: typed.pair(&filterable.maximum) },
        Kind::Timestamp => Control::Moments { from: typed.pair(&filterable.from), to: typed.pair(&filterable.to), zone },
        Kind::Reference(_) => {
            let value = typed.value(name);
            let label = typed.names.iter().find(|(id, _)| id.to_string() == value).map(|(_, label)| label.clone());
            let typed = typed.value(&filterable.find);
            Control::Reference { name, value, label, find: &filterable.find, typed, candidates: None }
        }
        Kind::Text(_) | Kind::LongText | Kind::Uuid | Kind::Inet => Control::Words { name, value: typed.value(name) },
        Kind::Json | Kind::Secret | Kind::SecretWhen(_) => return None,
    })
}

fn options(typed: &Typed<'_>, name: &str, pairs: &[(&'static str, &'static str)]) -> Vec<ChoiceOption<'static>> {
    pairs.iter().map(|(value, label)| ChoiceOption { value, label, chosen: typed.has(name, value) }).collect()
}
