//! In which fields do the versions differ, and which of them need somebody to choose?

use chrono::Utc;

use super::{
    Merge,
    labels::Labels,
    passage::{Passage, passages},
};
use crate::{
    audit::base::Since,
    db::value::Value,
    pages::history::words,
    resource::{
        Column, Kind,
        form::{Field, as_typed, sent},
        record::Cell,
    },
};

/// One field in which the versions differ.
#[derive(Debug)]
pub struct Row {
    pub column: &'static str,
    pub label: &'static str,
    /// `None` where nobody knows it any more.
    pub base: Option<Passage>,
    pub theirs: Version,
    pub mine: Version,
    pub outcome: Outcome,
    pub error: Option<&'static str>,
}

#[derive(Debug)]
pub struct Version {
    pub words: Passage,
    /// As the form sends it.
    pub typed: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Both changed it, nobody knows who did, or it is money.
    Choose(Option<Side>),
    Theirs,
    Mine,
}

/// What somebody has chosen already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Theirs,
    Mine,
}

impl Outcome {
    /// Whether a choice is the one that stands. A row that asks begins with none.
    pub fn is_chosen(&self, side: Side) -> bool {
        *self == Outcome::Choose(Some(side))
    }
}

const CHOOSE: &str = "Choose theirs or yours.";

/// The fields nobody has to look at are left out: those in which all agree.
pub fn rows(merge: &Merge<'_>, since: &Since, labels: &Labels) -> Vec<Row> {
    let fields = merge.mine.fields.iter().filter(|field| field.fixed.is_none());
    fields.filter_map(|field| row(merge, since, labels, field, merge.theirs.cell(field.column.name)?)).collect()
}

fn row(merge: &Merge<'_>, since: &Since, labels: &Labels, field: &Field, cell: &Cell) -> Option<Row> {
    let column = field.column;
    let typed_of = |value: &Value| as_typed(value, column.kind, merge.mine.zone);
    let theirs = typed_of(&cell.value);
    let base_value = since.base.as_ref().and_then(|base| base.value(column));
    let base = base_value.map(typed_of);
    // What the form did not send was not touched.
    let has_come =
        merge.submission.pairs.iter().any(|pair| pair.0.strip_prefix(column.name).is_some_and(|rest| ["", ".find"].contains(&rest)));
    let mine = if has_come { field.typed.clone() } else { base.clone().unwrap_or_else(|| theirs.clone()) };
    let is_hidden = cell.companion == Value::Bool(true) && matches!(column.kind, Kind::SecretWhen(_))
        || since.base.as_ref().is_some_and(|base| base.hides(column));
    let has_changed_unseen = is_hidden && since.changed(merge.resource, column);
    let same = |one: &str, other: &str| sent(one, column.kind) == sent(other, column.kind);
    let agrees = same(&theirs, &mine) || field.change.as_ref().is_some_and(|change| *change == cell.value);
    if agrees && !has_changed_unseen {
        return None;
    }
    let stands = merge.answers.are_missing() || base.as_deref().is_some_and(|base| same(base, &theirs));
    let outcome = match base.as_deref() {
        _ if matches!(column.kind, Kind::Money(_)) => Outcome::Choose(None),
        // What was asked and is not all answered is asked again.
        _ if merge.answers.are_missing() && merge.answers.ask(column) => Outcome::Choose(None),
        // Left empty, the field over a hidden value keeps it.
        _ if has_changed_unseen && agrees => Outcome::Theirs,
        _ if has_changed_unseen && base.as_deref() != Some(mine.as_str()) => Outcome::Choose(None),
        Some(base) if same(base, &mine) => Outcome::Theirs,
        Some(base) if same(base, &theirs) => Outcome::Mine,
        Some(_) | None => Outcome::Choose(None),
    };
    let outcome = match (outcome, merge.answers.chosen(column)) {
        (Outcome::Choose(_), Some(chosen)) if stands && same(chosen, &mine) => Outcome::Choose(Some(Side::Mine)),
        (Outcome::Choose(_), Some(chosen)) if stands && same(chosen, &theirs) => Outcome::Choose(Some(Side::Theirs)),
        (outcome, _) => outcome,
    };
    let told = |value: Option<&Value>, typed: &str| in_words(merge, labels, column, cell, value, typed);
    let (base_words, their_words, my_words) = if is_hidden {
        let theirs = if has_changed_unseen { "Another secret, not shown" } else { "A secret, not shown" };
        let mine = if mine.is_empty() { "The secret kept" } else { "What you typed, not shown" };
        ("A secret, not shown".to_owned(), theirs.to_owned(), mine.to_owned())
    } else {
        let is_base = base.as_deref().is_some_and(|base| same(base, &mine));
        let my_value = if is_base { base_value } else { field.change.as_ref() };
        (base.as_deref().map_or_else(String::new, |base| told(base_value, base)), told(Some(&cell.value), &theirs), told(my_value, &mine))
    };
    let mut compared = match column.kind {
        Kind::Text(_) | Kind::LongText | Kind::Json | Kind::SecretWhen(_) if base.is_some() => {
            passages(&[&their_words, &my_words, &base_words])
        }
        Kind::Text(_) | Kind::LongText | Kind::Json | Kind::SecretWhen(_) => passages(&[&their_words, &my_words]),
        _ => [their_words, my_words, base_words].map(Passage::whole).into(),
    }
    .into_iter();
    Some(Row {
        column: column.name,
        label: column.label,
        theirs: Version { words: compared.next().unwrap_or_default(), typed: theirs },
        mine: Version { words: compared.next().unwrap_or_default(), typed: mine },
        base: base.and(compared.next()),
        outcome,
        error: (outcome == Outcome::Choose(None) && merge.answers.leave_open(column)).then_some(CHOOSE),
    })
}

/// One version as people read it: the value where there is one, else what was typed.
fn in_words(merge: &Merge<'_>, labels: &Labels, column: &'static Column, cell: &Cell, value: Option<&Value>, typed: &str) -> String {
    match value {
        _ if labels.hide(column) => "Not yours to see".to_owned(),
        Some(Value::Null) => "Not set".to_owned(),
        Some(Value::Text(text)) if text.is_empty() => "An empty text".to_owned(),
        Some(value) => words(column, value, merge.mine.zone, Utc::now(), cell.companion.as_text(), labels.known()),
        None if typed.is_empty() => "Not set".to_owned(),
        None => typed.to_owned(),
    }
}
