//! What did somebody type into a form, and which change does it ask for?

use std::borrow::Cow;

use chrono_tz::Tz;
use uuid::Uuid;

use super::{
    Column, Kind, Resource,
    column::{Format, Input},
    document,
    indent::indented,
    moment::{self, Typed},
    money,
    record::Record,
    reference::Candidate,
};
use crate::db::value::{Number, Value};

/// What is wrong with one field, in a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub column: &'static str,
    pub message: String,
}

/// A form as it came in: decoded pairs, and the names of those that were not UTF-8.
#[derive(Debug, Clone, Default)]
pub struct Submission {
    pub pairs: Vec<(String, String)>,
    pub garbled: Vec<String>,
}

impl Submission {
    /// The last value of a name: a checkbox stands behind a hidden `false`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|pair| pair.0 == name).map(|pair| pair.1.as_str())
    }

    /// Splits off the record's version as the form was opened on it. A form says it before any field, because a table
    /// may have a column of that name, and the one must never be taken for the other.
    #[must_use]
    pub fn without_version(&self) -> (String, Submission) {
        let mut fields = self.clone();
        let version = match fields.pairs.iter().position(|(name, _)| name == "version") {
            Some(position) => fields.pairs.remove(position).1,
            None => String::new(),
        };
        (version, fields)
    }

    fn part(&self, column: &str, part: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|pair| pair.0.strip_prefix(column) == Some(part)).map(|pair| pair.1.as_str())
    }
}

/// One field of a form in the making.
#[derive(Debug, Clone)]
pub struct Field {
    pub column: &'static Column,
    /// Exactly what was typed; of a reference the uuid.
    pub typed: String,
    /// What was typed to find a reference by.
    pub find: String,
    /// What the candidates on the page were found for.
    pub asked: String,
    pub label: Option<String>,
    pub candidates: Vec<Candidate>,
    /// The new value; `None` where nothing changes or nothing valid was typed.
    pub change: Option<Value>,
    pub error: Option<String>,
    /// Why the field cannot be changed any more.
    pub fixed: Option<&'static str>,
}

/// A form being filled in, for a new record or over a current one.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    pub resource: &'static Resource,
    pub current: Option<&'a Record>,
    pub fields: Vec<Field>,
    pub zone: Tz,
}

fn input(column: &Column, current: Option<&Record>) -> Input {
    if current.is_some() { column.on_edit } else { column.on_create }
}

/// How a form shows a value, and so how it comes back untouched.
pub fn as_typed(value: &Value, kind: Kind, zone: Tz) -> String {
    match (value, kind) {
        (Value::Time(time), _) => match time.moment() {
            Some(moment) => moment.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string(),
            None => time.to_string(),
        },
        // Laid out by its text: a parser would round numbers that nobody touched.
        (Value::Json(text), _) => indented(text),
        (Value::Bool(truth), _) => truth.to_string(),
        (value, _) => value.to_string(),
    }
}

fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// What a browser makes of a text that stands in a column's field and comes back untouched: one line keeps no break,
/// several lines have breaks of one kind.
pub fn sent(text: &str, kind: Kind) -> Cow<'_, str> {
    if !text.contains('\r') && !text.contains('\n') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(match kind {
        Kind::LongText | Kind::Json | Kind::SecretWhen(_) => unix_lines(text).replace('\r', "\n"),
        Kind::Text(_)
        | Kind::Bool
        | Kind::Uuid
        | Kind::Money(_)
        | Kind::Timestamp
        | Kind::Inet
        | Kind::Choice(_)
        | Kind::Reference(_)
        | Kind::Secret => text.replace(['\r', '\n'], ""),
    })
}

fn is_untouched(typed: &str, before: &str, kind: Kind) -> bool {
    typed == before || unix_lines(typed) == sent(before, kind)
}

impl<'a> Draft<'a> {
    /// A new record's form: each field as it starts, or as `presets` say.
    pub fn blank(resource: &'static Resource, presets: &Submission, zone: Tz) -> Draft<'a> {
        let fields = resource.columns.iter().filter(|column| column.on_create != Input::Never);
        let fields = fields
            .map(|column| {
                let typed = presets.get(column.name).or(column.initial).unwrap_or_default();
                Field::new(column, typed.to_owned())
            })
            .collect();
        Draft { resource, current: None, fields, zone }
    }

    /// A record's edit form.
    pub fn of(record: &'a Record, zone: Tz) -> Draft<'a> {
        let mut fields = Vec::new();
        for (column, cell) in record.fields().filter(|(column, _)| column.on_edit != Input::Never) {
            let mut field = Field::new(column, as_typed(&cell.value, column.kind, zone));
            if matches!(column.kind, Kind::Reference(_)) {
                field.label = cell.companion.as_text().map(str::to_owned);
                field.find = field.label.clone().unwrap_or_default();
            }
            fields.push(field);
        }
        Draft { resource: record.resource, current: Some(record), fields, zone }
    }

    /// What came in. Fields that did not come stay as they are; what is declared but not a field of this
    /// form is refused, not dropped. References and amounts still need [`super::reference::resolve`].
    pub fn submitted(resource: &'static Resource, current: Option<&'a Record>, submission: &Submission, zone: Tz) -> Draft<'a> {
        let mut draft = match current {
            Some(record) => Draft::of(record, zone),
            None => Draft::blank(resource, &Submission::default(), zone),
        };
        for field in &mut draft.fields {
            let name = field.column.name;
            let came = submission.get(name).is_some() || submission.part(name, ".find").is_some();
            let before = std::mem::take(&mut field.typed);
            field.typed = submission.get(name).map_or_else(|| before.clone(), str::to_owned);
            if let Some(find) = submission.part(name, ".find") {
                find.clone_into(&mut field.find);
            } else if came {
                field.find = String::new();
            }
            submission.part(name, ".asked").unwrap_or_default().clone_into(&mut field.asked);
            if submission.garbled.iter().any(|garbled| garbled == name) {
                field.error = Some("holds bytes that are not text (UTF-8). Type it again.".to_owned());
            } else if current.is_none() || (came && !is_untouched(&field.typed, &before, field.column.kind)) {
                field.read(input(field.column, current), zone);
            }
        }
        draft
    }

    /// Declared columns that came in with the form but are not its fields.
    pub fn intruders(&self, submission: &Submission) -> Vec<&'static Column> {
        let is_field = |column: &Column| column.name == "id" || self.fields.iter().any(|field| field.column == column);
        let came = |column: &&Column| submission.pairs.iter().any(|pair| pair.0 == column.name);
        self.resource.columns.iter().filter(|column| !is_field(column)).filter(came).collect()
    }

    pub fn field_mut(&mut self, name: &str) -> Option<&mut Field> {
        self.fields.iter_mut().find(|field| field.column.name == name)
    }

    /// The value the record will have: what was typed, or else what stands.
    pub fn value(&self, name: &str) -> &Value {
        let typed = self.fields.iter().find(|field| field.column.name == name).and_then(|field| field.change.as_ref());
        typed.or_else(|| self.current.map(|record| record.value(name))).unwrap_or(&Value::Null)
    }

    pub fn changes_column(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.column.name == name && field.change.is_some())
    }

    /// Runs the table's own rules over what was typed without a mistake.
    pub fn check(&mut self) {
        let found = (self.resource.check)(self);
        self.refuse(found);
    }

    pub fn refuse(&mut self, errors: impl IntoIterator<Item = FieldError>) {
        for error in errors {
            if let Some(field) = self.field_mut(error.column) {
                field.error.get_or_insert(error.message);
            }
        }
    }

    pub fn errors(&self) -> impl Iterator<Item = (&'static Column, &str)> {
        self.fields.iter().filter_map(|field| Some((field.column, field.error.as_deref()?)))
    }

    pub fn is_sound(&self) -> bool {
        self.errors().next().is_none()
    }

    /// Whether every field could be read, even where what it says will not do.
    pub fn is_legible(&self) -> bool {
        self.fields.iter().all(|field| field.error.is_none() || field.change.is_some())
    }

    /// What a sound draft asks the database for; a new record's empty fields keep their defaults.
    pub fn changes(&self) -> Vec<(&'static Column, Value)> {
        let change = |field: &Field| Some((field.column, field.change.clone()?));
        self.fields.iter().filter_map(change).filter(|(_, value)| self.current.is_some() || !value.is_null()).collect()
    }
}

impl Field {
    fn new(column: &'static Column, typed: String) -> Field {
        Field {
            column,
            typed,
            find: String::new(),
            asked: String::new(),
            label: None,
            candidates: Vec::new(),
            change: None,
            error: None,
            fixed: None,
        }
    }

    fn read(&mut self, input: Input, zone: Tz) {
        if self.typed.trim().is_empty() {
            let sought = matches!(self.column.kind, Kind::Reference(_)) && !self.find.trim().is_empty();
            match input {
                _ if sought => {}
                Input::Required => self.error = Some(missing(self.column)),
                // An empty field over a hidden secret keeps it.
                Input::Optional if matches!(self.column.kind, Kind::SecretWhen(_)) => {}
                Input::Optional | Input::Never => self.change = Some(Value::Null),
            }
            return;
        }
        match value(self.column, &self.typed, zone) {
            Ok(value) => self.change = Some(value),
            Err(message) => self.error = Some(message),
        }
    }
}

fn missing(column: &Column) -> String {
    match column.kind {
        Kind::Choice(_) | Kind::Reference(_) | Kind::Bool => "Choose one.".to_owned(),
        _ => "Type something here: it cannot be empty.".to_owned(),
    }
}

/// Reads one typed value, strictly.
fn value(column: &Column, typed: &str, zone: Tz) -> Result<Value, String> {
    if typed.contains('\0') {
        return Err("Holds a NUL character, which no text can have.".to_owned());
    }
    match column.kind {
        Kind::Text(most) => text(column, typed.trim(), most).map(Value::Text),
        Kind::LongText => Ok(Value::Text(unix_lines(typed))),
        Kind::Bool => match typed {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err("Choose yes or no.".to_owned()),
        },
        Kind::Choice(choices) => match choices.iter().find(|choice| choice.value == typed && column.offers(choice)) {
            Some(choice) => Ok(Value::Text(choice.value.to_owned())),
            None => Err("Choose one of the list.".to_owned()),
        },
        Kind::Money(_) => money::parse(typed.trim(), None).map(|amount| Value::Number(Number::Decimal(amount))),
        Kind::Timestamp => match moment::parse(typed.trim(), zone) {
            Some(Typed::Moment(moment) | Typed::Day { start: moment, .. }) => Ok(Value::Time(moment)),
            None => Err(format!("Type a time such as 2026-11-24 14:30 (in {}).", zone.name())),
        },
        Kind::Json | Kind::SecretWhen(_) => document::read(typed).map(Value::Json),
        Kind::Reference(_) | Kind::Uuid => match Uuid::try_parse(typed.trim()) {
            Ok(id) => Ok(Value::Uuid(id)),
            Err(_) => Err("Is not an id. Find the record by its name.".to_owned()),
        },
        Kind::Inet => typed.trim().parse().map(Value::Address).map_err(|_| "Type an address such as 192.0.2.7.".to_owned()),
        Kind::Secret => Err("Cannot be typed.".to_owned()),
    }
}

fn text(column: &Column, typed: &str, most: usize) -> Result<String, String> {
    let length = typed.chars().count();
    if length > most {
        return Err(format!("Has {length} characters; at most {most} fit."));
    }
    if typed.chars().any(char::is_control) {
        return Err("Holds a line break or another control character.".to_owned());
    }
    let problem = match column.format {
        Format::Free => None,
        Format::Slug => (!is_slug(typed)).then_some("Use 3 to 50 lower-case letters, digits and hyphens, such as user-api."),
        Format::Email => (!is_email(typed)).then_some("Type an address such as name@example.com."),
        Format::Username => (!is_username(typed)).then_some("Use 3 to 50 letters, digits, dots, hyphens and underscores."),
        Format::WebAddress => (!is_web_address(typed)).then_some("Type an address that begins with http:// or https://."),
        Format::CurrencyCode => {
            (!(length == 3 && typed.bytes().all(|byte| byte.is_ascii_uppercase()))).then_some("Type three capital letters, such as USD.")
        }
    };
    problem.map_or_else(|| Ok(typed.to_owned()), |problem| Err(problem.to_owned()))
}

fn is_slug(text: &str) -> bool {
    (3..=50).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_username(text: &str) -> bool {
    (3..=50).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// The one rule of what an address of somebody is, for every form and command.
pub fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else {
        return false;
    };
    let odd = |letter: char| letter.is_whitespace() || letter.is_control() || "@<>,;\"".contains(letter);
    let clean = |part: &str| !part.is_empty() && !part.contains(odd);
    clean(name) && clean(host) && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
}

fn is_web_address(text: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(' ')))
}
