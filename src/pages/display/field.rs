//! What does a form's field need to know to be drawn, and to be drawn again with what was typed?

use super::Shown;

/// One row of a form: label, control, error, help.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// The column's name: the input's name and id, and the stem of the error's and the help's ids.
    pub column: &'a str,
    pub label: &'a str,
    pub help: Option<&'a str>,
    /// A whole sentence; the summary says the same words.
    pub error: Option<String>,
    pub presence: Presence,
    pub input: Input<'a>,
}

impl Field<'_> {
    /// What `aria-describedby` names: the error first, because it is what is wrong.
    #[must_use]
    pub fn described_by(&self) -> String {
        let mut ids = String::new();
        if self.error.is_some() {
            ids.push_str(self.column);
            ids.push_str("-error");
        }
        if self.help.is_some() {
            if !ids.is_empty() {
                ids.push(' ');
            }
            ids.push_str(self.column);
            ids.push_str("-help");
        }
        ids
    }
}

impl Field<'_> {
    /// Whether there is a control for the label to name.
    #[must_use]
    pub fn labels_control(&self) -> bool {
        match &self.input {
            Input::Fixed(_) => false,
            // The box has its word beside it, which is its label.
            Input::Switch { state, .. } => *state == Toggle::Unknown,
            Input::Line { .. } | Input::Area { .. } | Input::Json { .. } | Input::Choice { .. } | Input::Reference(_) => true,
        }
    }
}

/// Whether a field may stay empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Required,
    Optional,
}

#[derive(Clone, Debug)]
pub enum Input<'a> {
    Line {
        kind: LineKind,
        value: &'a str,
        max_length: Option<usize>,
        unit: Option<&'a str>,
    },
    /// Text of several lines.
    Area {
        value: &'a str,
        max_length: Option<usize>,
    },
    Json {
        value: &'a str,
    },
    Choice {
        options: Vec<ChoiceOption<'a>>,
    },
    Switch {
        state: Toggle,
        word: &'a str,
    },
    Reference(ReferenceInput<'a>),
    /// Shown in its place, but not for this form to change.
    Fixed(Shown<'a>),
}

/// How a one-line text is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    Text,
    Email,
    Money,
    Whole,
    /// Typed as text, `2026-11-24 14:31`: a browser's own control would throw away what it cannot read.
    Moment,
    Identifier,
    Password(&'static str),
}

impl LineKind {
    #[must_use]
    pub const fn html_type(self) -> &'static str {
        match self {
            Self::Password(_) => "password",
            Self::Text | Self::Email | Self::Money | Self::Whole | Self::Moment | Self::Identifier => "text",
        }
    }

    /// Which keys a phone offers.
    #[must_use]
    pub const fn input_mode(self) -> Option<&'static str> {
        match self {
            Self::Email => Some("email"),
            Self::Money => Some("decimal"),
            Self::Whole => Some("numeric"),
            Self::Text | Self::Moment | Self::Identifier | Self::Password(_) => None,
        }
    }

    /// Short values get a short field.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Money | Self::Whole | Self::Moment => "short",
            Self::Identifier => "mono",
            Self::Text | Self::Email | Self::Password(_) => "",
        }
    }

    /// What a password manager may fill in; records of other people are none of its business.
    #[must_use]
    pub const fn autocomplete(self) -> &'static str {
        match self {
            Self::Password(purpose) => purpose,
            Self::Text | Self::Email | Self::Money | Self::Whole | Self::Moment | Self::Identifier => "off",
        }
    }
}

/// A yes or no. `Unknown` is a NULL, which a checkbox would silently turn into a no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toggle {
    On,
    Off,
    Unknown,
}

#[derive(Clone, Debug)]
pub struct ChoiceOption<'a> {
    /// The database's value; empty stands for NULL.
    pub value: &'a str,
    pub label: &'a str,
    pub chosen: bool,
}

/// The picker: a uuid that is sent, and beside it words to find another one by.
#[derive(Clone, Debug)]
pub struct ReferenceInput<'a> {
    /// The table whose form this is; completion asks `/tables/{table}/candidates?column={column}`.
    pub table: &'a str,
    pub column: &'a str,
    /// The uuid sent now, or nothing.
    pub value: &'a str,
    /// What the uuid stands for, where this actor may know.
    pub label: Option<&'a str>,
    /// What was typed into the search.
    pub typed: &'a str,
    /// The answer to a Find, as radios; empty means nothing matched.
    pub candidates: Option<Vec<Candidate>>,
}

#[derive(Clone, Debug)]
pub struct Candidate {
    pub id: String,
    pub label: String,
    pub detail: Option<String>,
}

/// One line of the error summary.
#[derive(Clone, Debug)]
pub struct FieldError<'a> {
    pub column: &'a str,
    pub label: &'a str,
    pub text: &'a str,
}

impl<'a> FieldError<'a> {
    /// The summary of a form, in the order of its fields.
    #[must_use]
    pub fn all(fields: &'a [Field<'a>]) -> Vec<Self> {
        fields
            .iter()
            .filter_map(|field| {
                let text = field.error.as_deref()?;
                Some(Self { column: field.column, label: field.label, text })
            })
            .collect()
    }
}
