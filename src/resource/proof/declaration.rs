//! Does a declaration contradict itself? Asked without a database.

use super::Finding;
use crate::resource::{Column, Currency, Input, Kind, Listing, Owner, Registry, Resource, filter::Part, request::ListRequest};

/// Stands for the actor's id.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

pub(super) fn findings(resource: &'static Resource, registry: &Registry) -> Vec<Finding> {
    let mut contradictions = Contradictions { resource, findings: Vec::new() };
    contradictions.names();
    for column in resource.columns {
        contradictions.column(column, registry);
    }
    contradictions.tabs();
    contradictions.findings
}

struct Contradictions {
    resource: &'static Resource,
    findings: Vec<Finding>,
}

impl Contradictions {
    fn say(&mut self, column: &str, what: &str) {
        self.findings.push(Finding::wrong("R003", format!("{}.{column}: {what}", self.resource.table)));
    }

    fn has_own(&self, name: &str) -> bool {
        self.resource.column(name).is_some_and(|column| column.is_own() && column.is_stored() && !column.is_secret())
    }

    /// Every column that the table is described by.
    fn names(&mut self) {
        let resource = self.resource;
        for (index, column) in resource.columns.iter().enumerate() {
            if resource.columns[..index].iter().any(|other| other.name == column.name) {
                self.say(column.name, "declared twice");
            }
        }
        for name in ["id", resource.label].into_iter().chain(resource.detail) {
            if !self.has_own(name) {
                self.say(name, "names a record, is not declared");
            }
        }
        let order = resource.order.column;
        if order != "id" && !resource.column(order).is_some_and(|column| column.sortable) {
            self.say(order, "is the list's order, is not declared sortable");
        }
        match resource.owner {
            Owner::Nobody => {}
            Owner::Column(name) => {
                if !self.has_own(name) {
                    self.say(name, "names the owner, is not declared");
                }
            }
            Owner::Through { reference, table, column } => {
                let target = target(resource, reference);
                if !target.is_some_and(|target| target.table == table && target.column(column).is_some()) {
                    self.say(reference, "leads to the owner, is no reference to a table that has one");
                }
            }
        }
    }

    fn column(&mut self, column: &'static Column, registry: &Registry) {
        let resource = self.resource;
        let is_field = column.on_create != Input::Never || column.on_edit != Input::Never;
        let is_seen = column.shown || column.listing != Listing::Never || column.exported || column.filterable || column.sortable;
        if column.name != "id" && Part::split(column.name).1 != Part::Whole {
            self.say(column.name, "ends like a part of a filter");
        }
        match column.path() {
            (None, _) => {}
            (Some(reference), name) => {
                let there = target(resource, reference).and_then(|target| target.column(name));
                if !there.is_some_and(|there| std::mem::discriminant(&there.kind) == std::mem::discriminant(&column.kind)) {
                    self.say(column.name, "is through a reference, where the other table declares it otherwise or not at all");
                }
                if column.sortable || column.searchable || is_field {
                    self.say(column.name, "is through a reference, can only be shown, filtered and exported");
                }
            }
        }
        if !column.is_stored() && (is_seen || column.searchable) {
            self.say(column.name, "is a question of a form, has nothing to show");
        }
        match column.kind {
            Kind::Secret if is_seen || is_field || column.searchable => self.say(column.name, "is a secret, can do nothing"),
            Kind::SecretWhen(flag) => {
                if !resource.column(flag).is_some_and(|flag| matches!(flag.kind, Kind::Bool)) {
                    self.say(column.name, "is secret by a column that is no declared Bool");
                }
                if column.sortable || column.searchable || column.filterable {
                    self.say(column.name, "can be secret, so it cannot be sorted, searched or filtered by");
                }
            }
            Kind::Json if column.sortable || column.searchable => self.say(column.name, "is JSON, which has no order and no words"),
            Kind::Money(Currency::Column(currency)) if !self.has_own(currency) => {
                self.say(column.name, "is in a currency that is not declared");
            }
            Kind::Money(Currency::Through { reference, column: currency })
                if target(resource, reference).and_then(|target| target.column(currency)).is_none() =>
            {
                self.say(column.name, "is in the currency of a record it does not refer to");
            }
            Kind::Reference(other) if registry.find(other.table).is_none() => {
                self.say(column.name, "refers to a table that is not registered");
            }
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
            | Kind::Secret => {}
        }
        if column.global && !column.searchable {
            self.say(column.name, "is found by the search over all tables, is not declared searchable");
        }
        if column.searchable && !matches!(column.kind, Kind::Text(_) | Kind::LongText) {
            self.say(column.name, "is no text, so it cannot be searched");
        }
    }

    fn tabs(&mut self) {
        for tab in self.resource.tabs {
            let pairs: Vec<_> = tab.query.iter().map(|(name, value)| ((*name).to_owned(), value.replace("@me", NOBODY))).collect();
            if let Err(error) = ListRequest::parse(self.resource, &pairs, chrono_tz::Tz::UTC) {
                self.say(tab.name, &format!("is a tab whose query does not parse: {error}"));
            }
        }
    }
}

fn target(resource: &Resource, reference: &str) -> Option<&'static Resource> {
    match resource.column(reference)?.kind {
        Kind::Reference(target) => Some(target),
        _ => None,
    }
}
