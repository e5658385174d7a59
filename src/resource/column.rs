//! What is a column, and what may be done with it? All of it off until declared.

use super::Resource;

#[derive(Debug)]
pub struct Column {
    /// The column's name in the database; `account_id.currency` is one of the record referred to.
    pub name: &'static str,
    pub label: &'static str,
    pub kind: Kind,
    /// Whether an own database declares it NOT NULL; adopted rows may hold NULL where it does not.
    pub nullable: bool,
    pub help: &'static str,
    pub listing: Listing,
    pub shown: bool,
    pub filterable: bool,
    /// An index holds the rows of each value in the list's own order.
    pub kept_in_order: bool,
    /// Another order that an index holds the rows of each value in.
    pub also_in_order_of: Option<&'static str>,
    pub sortable: bool,
    pub searchable: bool,
    /// Looked through by the search over all tables, too.
    pub global: bool,
    pub exported: bool,
    pub on_create: Input,
    pub on_edit: Input,
    /// What a new form starts with, as typed.
    pub initial: Option<&'static str>,
    /// Where a list's cell goes on a phone; without one it waits on the record.
    pub slot: Option<Slot>,
    /// A column that cannot change any more once another record refers to this one: why.
    pub fixed_once_referred: Option<&'static str>,
    pub format: Format,
    pub matching: Matching,
    /// Choices that the table may hold and no form offers.
    pub withheld: &'static [&'static str],
    pub redaction: Option<&'static Redaction>,
    pub storage: Storage,
}

/// What a column holds, and so how it is read, typed, filtered and drawn.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// At most this many characters.
    Text(usize),
    LongText,
    Bool,
    Uuid,
    Money(Currency),
    Timestamp,
    Inet,
    Json,
    Choice(&'static [Choice]),
    Reference(&'static Resource),
    /// Has no select expression: nothing can leak it.
    Secret,
    /// JSON that is secret where the named bool column says so.
    SecretWhen(&'static str),
}

/// Where an amount's currency stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Currency {
    Column(&'static str),
    /// A column of the record that a reference names.
    Through {
        reference: &'static str,
        column: &'static str,
    },
}

impl Currency {
    /// The column of the same table on which the currency depends.
    pub const fn decided_by(self) -> &'static str {
        match self {
            Currency::Column(column) => column,
            Currency::Through { reference, .. } => reference,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The database's word.
    pub value: &'static str,
    pub label: &'static str,
    pub tone: Tone,
    /// A symbol of the sprite; none is "".
    pub icon: &'static str,
}

/// What a state means: never told by colour alone, hence the icon beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Waiting,
    Bad,
    Off,
}

impl Choice {
    pub const fn plain(value: &'static str, label: &'static str) -> Choice {
        Choice { value, label, tone: Tone::Plain, icon: "" }
    }

    pub const fn of(value: &'static str, label: &'static str, tone: Tone, icon: &'static str) -> Choice {
        Choice { value, label, tone, icon }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    Never,
    /// Offered by the column chooser.
    OnRequest,
    Always,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Not a field of this form.
    Never,
    Optional,
    Required,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    Title,
    Key,
    Money,
    Meta,
    State,
}

/// A shape that a text must have beyond its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Free,
    /// `^[a-z0-9-]+$`, 3 to 50 characters.
    Slug,
    Email,
    Username,
    /// An absolute http or https address.
    WebAddress,
    /// Three capital letters.
    CurrencyCode,
}

/// What a filter by a text compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matching {
    /// Any part of it, whatever the case.
    Part,
    /// The whole of it: served by a plain index.
    Whole,
}

/// The secrets of a whole row, by name: for entries of any table and any age, as old logs hold them.
pub const SECRETS_OF_ROWS: &[&str] = &["password_hash", "key_hash", "session_token", "refresh_token", "token_hash", "state"];

/// What nobody is shown of a JSON object: an old log holds whole rows, secrets among them.
#[derive(Debug)]
pub struct Redaction {
    pub members: &'static [&'static str],
    /// A member that is secret where another one is true: the two, in this order.
    pub secret_when: (&'static str, &'static str),
    /// The columns in which that other one counts: what became secret was so before, on the other side.
    pub told_by: &'static [&'static str],
    /// The table whose rows have both, and the logs of it: what stood there before the value was kept secret is
    /// mostly the same one.
    pub kept_in: &'static str,
    pub logs: &'static [&'static str],
}

/// Where a column's value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    Table,
    /// Nowhere: a question of the creation form that a workflow answers.
    Question,
}

impl Column {
    pub const fn new(name: &'static str, label: &'static str, kind: Kind) -> Column {
        Column {
            name,
            label,
            kind,
            nullable: true,
            help: "",
            listing: Listing::Never,
            shown: false,
            filterable: false,
            kept_in_order: false,
            also_in_order_of: None,
            sortable: false,
            searchable: false,
            global: false,
            exported: false,
            on_create: Input::Never,
            on_edit: Input::Never,
            initial: None,
            slot: None,
            fixed_once_referred: None,
            format: Format::Free,
            matching: Matching::Part,
            withheld: &[],
            redaction: None,
            storage: Storage::Table,
        }
    }

    /// A field of the creation form alone, which no column keeps: a workflow reads the answer.
    pub const fn question(name: &'static str, label: &'static str, kind: Kind, input: Input) -> Column {
        let mut column = Column::new(name, label, kind).on_create(input);
        column.storage = Storage::Question;
        column
    }

    /// NOT NULL in the database.
    pub const fn required(mut self) -> Column {
        self.nullable = false;
        self
    }

    pub const fn help(mut self, help: &'static str) -> Column {
        self.help = help;
        self
    }

    /// In the list unless somebody chooses other columns; on the record too.
    pub const fn listed(mut self) -> Column {
        self.listing = Listing::Always;
        self.shown = true;
        self
    }

    /// In the list on request; on the record.
    pub const fn offered(mut self) -> Column {
        self.listing = Listing::OnRequest;
        self.shown = true;
        self
    }

    pub const fn shown(mut self) -> Column {
        self.shown = true;
        self
    }

    pub const fn filterable(mut self) -> Column {
        self.filterable = true;
        self
    }

    /// Filtered by one value, the list stands in its own order at once. Needs an index on the column, the list's order
    /// and the id; the proof checks it.
    pub const fn filterable_in_order(mut self) -> Column {
        self.filterable = true;
        self.kept_in_order = true;
        self
    }

    /// The same in the order of another column. Needs an index on the column, that one and the id.
    pub const fn also_in_order_of(mut self, column: &'static str) -> Column {
        self.also_in_order_of = Some(column);
        self
    }

    /// Needs an index on `(column, id)`; the proof checks it.
    pub const fn sortable(mut self) -> Column {
        self.sortable = true;
        self
    }

    /// Needs a trigram index; the proof checks it.
    pub const fn searchable(mut self) -> Column {
        self.searchable = true;
        self
    }

    /// Found by the search over all tables; only what the table's own search finds can be.
    pub const fn global(mut self) -> Column {
        self.global = true;
        self
    }

    pub const fn exported(mut self) -> Column {
        self.exported = true;
        self
    }

    /// A field of the creation form and of the edit form.
    pub const fn written(self, input: Input) -> Column {
        self.on_create(input).on_edit(input)
    }

    pub const fn on_create(mut self, input: Input) -> Column {
        self.on_create = input;
        self
    }

    pub const fn on_edit(mut self, input: Input) -> Column {
        self.on_edit = input;
        self
    }

    pub const fn initial(mut self, typed: &'static str) -> Column {
        self.initial = Some(typed);
        self
    }

    pub const fn slot(mut self, slot: Slot) -> Column {
        self.slot = Some(slot);
        self
    }

    pub const fn fixed_once_referred(mut self, why: &'static str) -> Column {
        self.fixed_once_referred = Some(why);
        self
    }

    pub const fn format(mut self, format: Format) -> Column {
        self.format = format;
        if matches!(format, Format::CurrencyCode) {
            self.matching = Matching::Whole;
        }
        self
    }

    /// A filter means the whole text.
    pub const fn matched_whole(mut self) -> Column {
        self.matching = Matching::Whole;
        self
    }

    pub const fn withholding(mut self, choices: &'static [&'static str]) -> Column {
        self.withheld = choices;
        self
    }

    pub const fn redacting(mut self, redaction: &'static Redaction) -> Column {
        self.redaction = Some(redaction);
        self
    }

    /// Whether a form may set this choice.
    pub fn offers(&self, choice: &Choice) -> bool {
        !self.withheld.contains(&choice.value)
    }

    pub fn is_stored(&self) -> bool {
        matches!(self.storage, Storage::Table)
    }

    /// The reference that leads to the record the column is of, and the column's name there.
    pub fn path(&self) -> (Option<&'static str>, &'static str) {
        match self.name.split_once('.') {
            Some((reference, column)) => (Some(reference), column),
            None => (None, self.name),
        }
    }

    pub fn is_own(&self) -> bool {
        !self.name.contains('.')
    }

    /// A kind that has no select expression at all.
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret)
    }
}
