//! What did somebody answer on a merge page, and what did they leave open?

use crate::resource::{Column, Resource, column::Input, form::Submission};

/// Names a field that was asked about.
pub const ASKED: &str = "merge";
/// The version the first form was opened on, through every merge since. No column has a dot in its form's name.
pub const OPENED: &str = "merge.opened";
/// Behind a field's name: what was mine there.
const MINE: &str = ".mine";

/// The answers of a merge page; none where the form is not one.
#[derive(Debug, Default)]
pub struct Answers {
    asked: Vec<Answer>,
    opened: Option<String>,
}

#[derive(Debug)]
struct Answer {
    column: &'static Column,
    mine: String,
    chosen: Option<String>,
}

impl Answers {
    /// Only what the record's form has can be asked about; whatever else is named counts for nothing.
    pub fn of(resource: &Resource, submission: &Submission) -> Answers {
        let names = submission.pairs.iter().filter(|(name, _)| name == ASKED).map(|(_, column)| column);
        let columns = names.filter_map(|name| resource.column(name)).filter(|column| column.on_edit != Input::Never);
        let answer = |column: &'static Column| {
            let mine = submission.pairs.iter().rev().find(|(name, _)| name.strip_suffix(MINE) == Some(column.name))?;
            Some(Answer { column, mine: mine.1.clone(), chosen: submission.get(column.name).map(str::to_owned) })
        };
        Answers { asked: columns.filter_map(answer).collect(), opened: submission.get(OPENED).map(str::to_owned) }
    }

    /// Silence is no answer.
    pub fn are_missing(&self) -> bool {
        self.asked.iter().any(|answer| answer.chosen.is_none())
    }

    /// What was chosen for a field.
    pub fn chosen(&self, column: &Column) -> Option<&str> {
        self.find(column)?.chosen.as_deref()
    }

    pub fn ask(&self, column: &Column) -> bool {
        self.find(column).is_some()
    }

    pub fn leave_open(&self, column: &Column) -> bool {
        self.find(column).is_some_and(|answer| answer.chosen.is_none())
    }

    /// The version the first form was opened on, where this is not the first merge.
    pub fn opened(&self) -> Option<&str> {
        self.opened.as_deref()
    }

    /// The form as it was typed, before anything was chosen.
    pub fn undone(&self, submission: &Submission) -> Submission {
        let mut typed = submission.clone();
        for answer in &self.asked {
            typed.pairs.retain(|(name, _)| name != answer.column.name);
            typed.pairs.push((answer.column.name.to_owned(), answer.mine.clone()));
        }
        typed
    }

    fn find(&self, column: &Column) -> Option<&Answer> {
        self.asked.iter().find(|answer| answer.column == column)
    }
}
