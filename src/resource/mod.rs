//! What is a table to the console? Data: a declaration that one engine lists, shows, edits and exports.

pub mod column;
pub mod cursor;
pub mod document;
pub mod export;
pub mod filter;
pub mod form;
pub mod indent;
pub mod moment;
pub mod money;
pub mod nested;
pub mod order;
pub mod page;
pub mod proof;
pub mod record;
pub mod reference;
pub mod registry;
pub mod request;
pub mod search;
pub mod sought;
pub mod statement;
pub mod store;

pub use column::{Choice, Column, Currency, Format, Input, Kind, Listing, Matching, Redaction, Slot, Tone};
pub use order::Order;
pub use registry::Registry;

use form::{Draft, FieldError};

/// A table as the console administers it. Built by const functions; what is not declared cannot be done.
#[derive(Debug)]
pub struct Resource {
    /// The table's name in the database, and in every URL.
    pub table: &'static str,
    /// One record, as in "New account".
    pub singular: &'static str,
    /// The list's title.
    pub plural: &'static str,
    pub group: Group,
    /// A symbol of the sprite.
    pub icon: &'static str,
    /// What the table is for: said where it is empty.
    pub purpose: &'static str,
    /// The column that names a record where others refer to it.
    pub label: &'static str,
    /// A second column beside the label, where names repeat.
    pub detail: Option<&'static str>,
    pub columns: &'static [Column],
    /// The order of a list nobody has sorted.
    pub order: Order,
    pub owner: Owner,
    pub tabs: &'static [Tab],
    pub removal: Removal,
    /// Rules over several columns of one record.
    pub check: fn(&Draft<'_>) -> Vec<FieldError>,
}

/// The part of the navigation a table stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Work,
    Ledger,
    Registry,
    Compliance,
    System,
}

impl Group {
    /// In the order of the navigation.
    pub const ALL: [Group; 5] = [Group::Work, Group::Ledger, Group::Registry, Group::Compliance, Group::System];

    pub const fn title(self) -> &'static str {
        match self {
            Group::Work => "Work",
            Group::Ledger => "Ledger",
            Group::Registry => "Registry",
            Group::Compliance => "Compliance",
            Group::System => "System",
        }
    }
}

/// Whose a row is, where a role may see only its own.
#[derive(Debug, Clone, Copy)]
pub enum Owner {
    Nobody,
    /// The column that holds the user's id.
    Column(&'static str),
    /// The reference to a row that has an owner of its own.
    Through {
        reference: &'static str,
        table: &'static str,
        column: &'static str,
    },
}

/// Whether a record can leave the table.
#[derive(Debug, Clone, Copy)]
pub enum Removal {
    /// Deleted, unless something refers to it.
    Delete,
    /// Never: what happens instead, as a sentence.
    Never(&'static str),
}

/// A list's natural scope beside All: a name and the query it stands for.
#[derive(Debug, Clone, Copy)]
pub struct Tab {
    pub name: &'static str,
    /// Parameters of the list; `@me` stands for the actor's id.
    pub query: &'static [(&'static str, &'static str)],
}

fn no_further_rules(_: &Draft<'_>) -> Vec<FieldError> {
    Vec::new()
}

impl Resource {
    /// A table nobody may list a column of yet, sorted by id.
    pub const fn new(table: &'static str, singular: &'static str, plural: &'static str, columns: &'static [Column]) -> Resource {
        Resource {
            table,
            singular,
            plural,
            group: Group::System,
            icon: "logs",
            purpose: "",
            label: "id",
            detail: None,
            columns,
            order: Order::descending("id"),
            owner: Owner::Nobody,
            tabs: &[],
            removal: Removal::Delete,
            check: no_further_rules,
        }
    }

    pub const fn group(mut self, group: Group, icon: &'static str) -> Resource {
        self.group = group;
        self.icon = icon;
        self
    }

    /// Several records within a sentence: "accounts", but "API keys".
    pub fn several(&self) -> String {
        match self.plural.get(..2) {
            Some(beginning) if beginning.bytes().all(|byte| byte.is_ascii_uppercase()) => self.plural.to_owned(),
            _ => self.plural.to_lowercase(),
        }
    }

    pub const fn purpose(mut self, purpose: &'static str) -> Resource {
        self.purpose = purpose;
        self
    }

    pub const fn label(mut self, label: &'static str) -> Resource {
        self.label = label;
        self
    }

    pub const fn detail(mut self, detail: &'static str) -> Resource {
        self.detail = Some(detail);
        self
    }

    pub const fn order(mut self, order: Order) -> Resource {
        self.order = order;
        self
    }

    pub const fn owner(mut self, owner: Owner) -> Resource {
        self.owner = owner;
        self
    }

    pub const fn tabs(mut self, tabs: &'static [Tab]) -> Resource {
        self.tabs = tabs;
        self
    }

    pub const fn never_deleted(mut self, instead: &'static str) -> Resource {
        self.removal = Removal::Never(instead);
        self
    }

    pub const fn check(mut self, check: fn(&Draft<'_>) -> Vec<FieldError>) -> Resource {
        self.check = check;
        self
    }

    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns a list shows when nobody has chosen.
    pub fn listed(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().filter(|column| column.listing == Listing::Always)
    }

    /// The columns a list can be asked to show.
    pub fn listable(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().filter(|column| column.listing != Listing::Never)
    }

    pub fn searchable(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().filter(|column| column.searchable)
    }

    /// The columns that the search over all tables looks through.
    pub fn found_globally(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().filter(|column| column.global)
    }

    pub fn exported(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().filter(|column| column.exported)
    }
}
