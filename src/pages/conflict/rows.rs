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
    pages::audit::telling::words,
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
    let compared = Compared::of(merge, since, field, cell);
    if compared.agree && !compared.has_changed_unseen {
        return None;
    }
    let outcome = compared.outcome(merge, column);
    let (theirs, mine, base) = compared.words(merge, labels, field, cell);
    let Compared { theirs: their_text, mine: my_text, .. } = compared;
    Some(Row {
        column: column.name,
        label: column.label,
        base,
        theirs: Version { words: theirs, typed: their_text },
        mine: Version { words: mine, typed: my_text },
        outcome,
        error: (outcome == Outcome::Choose(None) && merge.answers.leave_open(column)).then_some(CHOOSE),
    })
}

/// The versions of one field, as a form sends them.
struct Compared<'a> {
    base: Option<(&'a Value, String)>,
    theirs: String,
    mine: String,
    /// Whether theirs and mine are the same.
    agree: bool,
    /// Whether no version may be shown.
    is_hidden: bool,
    /// Whether they put another value where nobody can see one.
    has_changed_unseen: bool,
}

impl<'a> Compared<'a> {
    fn of(merge: &Merge<'_>, since: &'a Since, field: &Field, cell: &Cell) -> Compared<'a> {
        let column = field.column;
        let typed_of = |value: &Value| as_typed(value, column.kind, merge.mine.zone);
        let theirs = typed_of(&cell.value);
        let base = since.base.as_ref().and_then(|base| base.value(column)).map(|value| (value, typed_of(value)));
        // What the form did not send was not touched.
        let is_of_field = |name: &str| name.strip_prefix(column.name).is_some_and(|rest| ["", ".find"].contains(&rest));
        let mine = match &base {
            _ if merge.submission.pairs.iter().any(|(name, _)| is_of_field(name)) => field.typed.clone(),
            Some((_, base)) => base.clone(),
            None => theirs.clone(),
        };
        let is_secret = matches!(column.kind, Kind::SecretWhen(_)) && cell.companion == Value::Bool(true);
        let is_hidden = is_secret || since.base.as_ref().is_some_and(|base| base.hides(column));
        Compared {
            agree: same(column.kind, &theirs, &mine) || field.change.as_ref() == Some(&cell.value),
            has_changed_unseen: is_hidden && since.changed(merge.resource, column),
            is_hidden,
            base,
            theirs,
            mine,
        }
    }

    fn outcome(&self, merge: &Merge<'_>, column: &'static Column) -> Outcome {
        let base = self.base.as_ref().map(|(_, typed)| typed.as_str());
        let is_base = |version: &str| base.is_some_and(|base| same(column.kind, base, version));
        let asked_again = merge.answers.are_missing() && merge.answers.ask(column);
        let outcome = if matches!(column.kind, Kind::Money(_)) || asked_again {
            Outcome::Choose(None)
        } else if self.agree || is_base(&self.mine) {
            // Left empty, the field over a hidden value agrees with whatever it is.
            Outcome::Theirs
        } else if is_base(&self.theirs) && !self.has_changed_unseen {
            Outcome::Mine
        } else {
            Outcome::Choose(None)
        };
        // A choice holds for the two values it was made between.
        let stands = merge.answers.are_missing() || is_base(&self.theirs);
        match (outcome, merge.answers.chosen(column)) {
            (Outcome::Choose(_), Some(chosen)) if stands && same(column.kind, chosen, &self.mine) => Outcome::Choose(Some(Side::Mine)),
            (Outcome::Choose(_), Some(chosen)) if stands && same(column.kind, chosen, &self.theirs) => Outcome::Choose(Some(Side::Theirs)),
            (outcome, _) => outcome,
        }
    }

    /// Theirs, mine and the base as people read them.
    fn words(&self, merge: &Merge<'_>, labels: &Labels, field: &Field, cell: &Cell) -> (Passage, Passage, Option<Passage>) {
        if self.is_hidden {
            let theirs = Passage::whole(if self.has_changed_unseen { "Another secret, not shown" } else { "A secret, not shown" });
            let mine = Passage::whole(if self.mine.is_empty() { "The secret kept" } else { "What you typed, not shown" });
            return (theirs, mine, self.base.as_ref().map(|_| Passage::whole("A secret, not shown")));
        }
        let told = |value: Option<&Value>, typed: &str| in_words(merge, labels, field.column, cell, value, typed);
        let my_value = match &self.base {
            Some((value, typed)) if same(field.column.kind, typed, &self.mine) => Some(*value),
            Some(_) | None => field.change.as_ref(),
        };
        let base = self.base.as_ref().map(|(value, typed)| told(Some(value), typed));
        let all: Vec<String> = [told(Some(&cell.value), &self.theirs), told(my_value, &self.mine)].into_iter().chain(base).collect();
        let texts: Vec<&str> = all.iter().map(String::as_str).collect();
        let mut passages = passages(&texts).into_iter();
        (passages.next().unwrap_or_default(), passages.next().unwrap_or_default(), passages.next())
    }
}

/// Whether two texts are the same to a browser that sends them.
fn same(kind: Kind, one: &str, other: &str) -> bool {
    sent(one, kind) == sent(other, kind)
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
