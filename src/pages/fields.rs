//! How does a field of a draft look on its form: which control, with which words around it?

use super::{
    display::{self, Candidate, ChoiceOption, LineKind, Presence, ReferenceInput, Toggle},
    shown::{Viewer, shown},
};
use crate::{
    db::value::Value,
    resource::{
        Column, Currency, Kind,
        column::{Format, Input},
        form::{Draft, Field},
        record::Cell,
    },
};

/// A field with what stands around it in the form.
#[derive(Debug)]
pub struct Drawn<'a> {
    pub field: display::Field<'a>,
    /// What the candidates on the page were found for.
    pub asked: Option<&'a str>,
    /// The record that has this value already.
    pub holder: Option<(String, String)>,
}

/// The form's fields in the table's order, and on an edit form beside them what cannot be changed here.
pub fn drawn<'a>(draft: &'a Draft<'a>, viewer: &Viewer<'a>) -> Vec<Drawn<'a>> {
    let mut fields = Vec::with_capacity(draft.fields.len());
    for column in draft.resource.columns {
        if let Some(field) = draft.fields.iter().find(|field| field.column == column) {
            fields.push(Drawn {
                field: display::Field {
                    column: column.name,
                    label: column.label,
                    help: help(field, draft),
                    error: field.error.clone(),
                    presence: presence(column, draft),
                    input: input(field, draft, viewer),
                },
                asked: (!field.candidates.is_empty()).then_some(field.asked.as_str()),
                holder: None,
            });
        } else if let Some(cell) = draft.current.filter(|_| belongs(column)).and_then(|record| record.cell(column.name)) {
            fields.push(Drawn {
                field: display::Field {
                    column: column.name,
                    label: column.label,
                    help: said(column.help),
                    error: None,
                    presence: Presence::Optional,
                    input: display::Input::Fixed(shown(column, cell, viewer)),
                },
                asked: None,
                holder: None,
            });
        }
    }
    fields
}

/// What a form shows though it cannot change it: what was given at creation, and what moves by itself.
fn belongs(column: &Column) -> bool {
    column.is_own() && column.shown && (column.on_create != Input::Never || matches!(column.kind, Kind::Money(_)))
}

fn said(words: &'static str) -> Option<&'static str> {
    (!words.is_empty()).then_some(words)
}

fn help(field: &Field, draft: &Draft<'_>) -> Option<&'static str> {
    if let Some(why) = field.fixed {
        return Some(why);
    }
    let cell = draft.current.and_then(|record| record.cell(field.column.name));
    if cell.is_some_and(|cell| is_hidden(field.column, cell)) {
        return Some("Set, and not shown. Leave this empty to keep it.");
    }
    said(field.column.help)
}

fn is_hidden(column: &Column, cell: &Cell) -> bool {
    matches!(column.kind, Kind::SecretWhen(_)) && cell.companion == Value::Bool(true)
}

fn presence(column: &Column, draft: &Draft<'_>) -> Presence {
    match if draft.current.is_some() { column.on_edit } else { column.on_create } {
        Input::Required => Presence::Required,
        Input::Optional | Input::Never => Presence::Optional,
    }
}

fn input<'a>(field: &'a Field, draft: &'a Draft<'a>, viewer: &Viewer<'a>) -> display::Input<'a> {
    let column = field.column;
    let cell = draft.current.and_then(|record| record.cell(column.name));
    if let (Some(_), Some(cell)) = (field.fixed, cell) {
        return display::Input::Fixed(shown(column, cell, viewer));
    }
    let line = |kind, max_length, unit| display::Input::Line { kind, value: &field.typed, max_length, unit };
    match column.kind {
        Kind::Text(most) if column.format == Format::Email => line(LineKind::Email, Some(most), None),
        Kind::Text(most) => line(LineKind::Text, Some(most), None),
        Kind::LongText => display::Input::Area { value: &field.typed, max_length: None },
        Kind::Bool => display::Input::Switch { state: toggle(&field.typed), word: column.label },
        Kind::Uuid => line(LineKind::Identifier, None, None),
        Kind::Money(currency) => line(LineKind::Money, None, unit(draft, cell, currency)),
        Kind::Timestamp => line(LineKind::Moment, None, Some(viewer.zone.name())),
        Kind::Inet => line(LineKind::Text, None, None),
        Kind::Json | Kind::SecretWhen(_) => display::Input::Json { value: &field.typed },
        Kind::Choice(_) => display::Input::Choice { options: options(field, draft) },
        Kind::Reference(_) => display::Input::Reference(reference(field, draft)),
        Kind::Secret => display::Input::Fixed(display::Shown::Hidden(display::Secrecy::Kept)),
    }
}

fn toggle(typed: &str) -> Toggle {
    match typed {
        "true" => Toggle::On,
        "false" => Toggle::Off,
        _ => Toggle::Unknown,
    }
}

fn unit<'a>(draft: &'a Draft<'a>, cell: Option<&'a Cell>, currency: Currency) -> Option<&'a str> {
    match currency {
        Currency::Column(column) => draft.value(column).as_text(),
        Currency::Through { .. } => cell?.companion.as_text(),
    }
}

/// What may be chosen, and what was: a value that is not in the list is shown, not swallowed.
fn options<'a>(field: &'a Field, draft: &Draft<'_>) -> Vec<ChoiceOption<'a>> {
    let Kind::Choice(choices) = field.column.kind else {
        return Vec::new();
    };
    let typed = field.typed.as_str();
    let mut options = Vec::with_capacity(choices.len() + 1);
    match presence(field.column, draft) {
        Presence::Optional => options.push(ChoiceOption { value: "", label: "Not set", chosen: typed.is_empty() }),
        Presence::Required if typed.is_empty() => options.push(ChoiceOption { value: "", label: "Choose one", chosen: true }),
        Presence::Required => {}
    }
    let offered = choices.iter().filter(|choice| field.column.offers(choice) || choice.value == typed);
    options.extend(offered.map(|choice| ChoiceOption { value: choice.value, label: choice.label, chosen: choice.value == typed }));
    if !typed.is_empty() && !choices.iter().any(|choice| choice.value == typed) {
        options.push(ChoiceOption { value: typed, label: typed, chosen: true });
    }
    options
}

fn reference<'a>(field: &'a Field, draft: &Draft<'_>) -> ReferenceInput<'a> {
    let candidates = field.candidates.iter().map(|candidate| Candidate {
        id: candidate.id.to_string(),
        label: candidate.label.clone(),
        detail: candidate.detail.clone(),
    });
    let label = field.label.as_deref();
    ReferenceInput {
        table: draft.resource.table,
        column: field.column.name,
        value: &field.typed,
        label,
        // The name of what is chosen stands above the box; the box is for finding another.
        typed: if label.is_some_and(|label| label == field.find) && field.error.is_none() { "" } else { &field.find },
        candidates: (!field.candidates.is_empty()).then(|| candidates.collect()),
    }
}
