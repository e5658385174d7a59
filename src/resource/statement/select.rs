//! Which columns does a SELECT fetch, and from which joined records?

use super::Statement;
use crate::{
    auth::grant::{Grant, Rows},
    resource::{Column, Currency, Kind, Owner, Redaction, Resource, request::ListRequest},
};

/// Of a long text a list shows the beginning.
const EXCERPT: &str = "300";
const ALIASES: [&str; 12] = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    Whole,
    Excerpts,
}

struct Join {
    table: &'static str,
    alias: &'static str,
    from: &'static str,
    reference: &'static str,
}

/// What a SELECT must fetch: columns of the table, and labels and columns of what it refers to.
#[derive(Default)]
pub(super) struct Selection {
    own: Vec<&'static Column>,
    plain: Vec<&'static str>,
    outer: Vec<(&'static str, &'static str)>,
    joins: Vec<Join>,
}

impl Selection {
    /// The columns alone, as a file has them: no labels, and so no joins that only a reader needs.
    pub(super) fn bare(resource: &'static Resource, columns: &[&'static Column]) -> Selection {
        let mut selection = Selection::default();
        for column in columns.iter().filter(|column| !column.is_secret()) {
            let (reference, name) = column.path();
            let alias = match reference {
                None => {
                    selection.own.push(column);
                    "t"
                }
                Some(reference) => selection.join(resource, reference),
            };
            selection.outer.push((alias, name));
        }
        selection
    }

    pub(super) fn of(resource: &'static Resource, columns: &[&'static Column]) -> Selection {
        let mut selection = Selection::default();
        for column in columns {
            let (reference, name) = column.path();
            let alias = match reference {
                None => {
                    selection.own.push(column);
                    "t"
                }
                Some(reference) => selection.join(resource, reference),
            };
            if column.redaction.is_some() {
                // What is secret depends on the record an entry is about, and on when it was written.
                for name in ["entity_type", "entity_id", "created_at"] {
                    selection.need(alias, name);
                }
            }
            match column.kind {
                Kind::Secret => {}
                Kind::Reference(target) => {
                    selection.outer.push((alias, name));
                    let label = selection.join_on(target.table, alias, name);
                    selection.outer.push((label, target.label));
                    selection.outer.extend(target.detail.map(|detail| (label, detail)));
                }
                Kind::Money(Currency::Column(currency)) => {
                    selection.need(alias, currency);
                    selection.outer.extend([(alias, name), (alias, currency)]);
                }
                Kind::Money(Currency::Through { reference, column: currency }) => {
                    selection.outer.push((alias, name));
                    let account = selection.join(resource, reference);
                    selection.outer.push((account, currency));
                }
                Kind::SecretWhen(flag) => {
                    selection.need(alias, flag);
                    selection.outer.extend([(alias, name), (alias, flag)]);
                }
                Kind::Text(_) | Kind::LongText | Kind::Bool | Kind::Uuid | Kind::Timestamp | Kind::Inet | Kind::Json | Kind::Choice(_) => {
                    selection.outer.push((alias, name));
                }
            }
        }
        selection
    }

    pub(super) fn need(&mut self, alias: &'static str, column: &'static str) {
        if alias == "t" && !self.plain.contains(&column) {
            self.plain.push(column);
        }
    }

    /// Joins the record that a reference of the table itself names, once.
    pub(super) fn join(&mut self, resource: &'static Resource, reference: &'static str) -> &'static str {
        self.need("t", reference);
        let target = resource.column(reference).and_then(|column| match column.kind {
            Kind::Reference(target) => Some(target.table),
            _ => None,
        });
        match target {
            Some(table) => self.join_on(table, "t", reference),
            None => unreachable!("{}.{reference} is declared as a reference; the proof checks it", resource.table),
        }
    }

    pub(super) fn join_on(&mut self, table: &'static str, from: &'static str, reference: &'static str) -> &'static str {
        self.need(from, reference);
        if let Some(join) = self.joins.iter().find(|join| join.from == from && join.reference == reference) {
            return join.alias;
        }
        let alias = ALIASES[self.joins.len()];
        self.joins.push(Join { table, alias, from, reference });
        alias
    }
}

impl Statement {
    pub(super) fn select(&mut self, selection: &Selection, key: &'static str) -> &mut Self {
        self.words(&["SELECT t.id, t.", key]);
        for (alias, column) in &selection.outer {
            self.words(&[", ", alias, ".", column]);
        }
        self
    }

    /// As many values as the columns asked for take, and none of them.
    pub(super) fn nothing(&mut self, selection: &Selection) -> &mut Self {
        for _ in &selection.outer {
            self.push(", NULL");
        }
        self
    }

    /// The table's own columns, secrets by row replaced by NULL and long texts cut.
    pub(super) fn inner(&mut self, selection: &Selection, key: &'static str, texts: Texts) -> &mut Self {
        self.push("SELECT t.id");
        if key != "id" && !selection.own.iter().any(|column| column.name == key) && !selection.plain.contains(&key) {
            self.words(&[", t.", key]);
        }
        for column in selection.own.iter().filter(|column| column.name != "id") {
            let name = column.name;
            if let Some(redaction) = column.redaction {
                self.redacted(name, redaction, texts);
                continue;
            }
            match (column.kind, texts) {
                (Kind::Secret, _) => &mut *self,
                (Kind::SecretWhen(flag), _) => self.words(&[", CASE WHEN t.", flag, " THEN NULL ELSE t.", name, " END AS ", name]),
                (Kind::LongText, Texts::Excerpts) if name != key => self.words(&[", left(t.", name, ", ", EXCERPT, ") AS ", name]),
                (Kind::Json, Texts::Excerpts) => self.words(&[", left(t.", name, "::text, ", EXCERPT, ") AS ", name]),
                _ => self.words(&[", t.", name]),
            };
        }
        for name in selection.plain.iter().filter(|name| **name != "id" && !selection.own.iter().any(|column| column.name == **name)) {
            self.words(&[", t.", name]);
        }
        self
    }

    /// A document without the members that are secrets; what is no object has no members.
    pub(super) fn redacted(&mut self, name: &'static str, redaction: &Redaction, texts: Texts) -> &mut Self {
        let (member, flag) = redaction.secret_when;
        self.words(&[if texts == Texts::Excerpts { ", left((" } else { ", (" }, "CASE WHEN jsonb_typeof(t.", name, ") = 'object' THEN t."]);
        self.words(&[name, " - '{"]);
        for (index, member) in redaction.members.iter().enumerate() {
            self.words(&[if index > 0 { "," } else { "" }, member]);
        }
        // The logs are asked only about entries that hold the member at all.
        self.words(&["}'::text[] - CASE WHEN NOT t.", name, " ? '", member, "' THEN '{}'::text[] WHEN false"]);
        for document in redaction.told_by {
            self.words(&[" OR t.", document, " ->> '", flag, "' = 'true'"]);
        }
        self.words(&[" OR EXISTS (SELECT FROM ", redaction.kept_in, " k WHERE k.id = t.entity_id AND k.", flag, ")"]);
        for log in redaction.logs {
            self.words(&[" OR EXISTS (SELECT FROM ", log, " x WHERE x.entity_type = t.entity_type AND x.entity_id = t.entity_id"]);
            self.push(" AND (coalesce(x.created_at, '-infinity'), x.id) >= (coalesce(t.created_at, '-infinity'), t.id) AND (false");
            for document in redaction.told_by {
                self.words(&[" OR x.", document, " ->> '", flag, "' = 'true'"]);
            }
            self.push("))");
        }
        self.words(&[" THEN ARRAY['", member, "'] ELSE '{}'::text[] END"]);
        self.words(&[" ELSE t.", name, " END)"]);
        if texts == Texts::Excerpts {
            self.words(&["::text, ", EXCERPT, ")"]);
        }
        self.words(&[" AS ", name])
    }

    /// Of the columns as they are, all that is shown or asked of a row before the page is cut.
    pub(super) fn looked_through(&mut self, selection: &Selection, grant: &Grant, request: &ListRequest) -> &mut Self {
        let own = selection.own.iter().filter(|column| !column.is_secret()).map(|column| column.name);
        let told_by = selection.own.iter().filter_map(|column| column.redaction).flat_map(|redaction| redaction.told_by.iter().copied());
        let searched = request.search.iter().flat_map(|_| request.resource.searchable()).map(|column| column.name);
        let filtered = request.filters.iter().map(|filter| {
            let (reference, name) = filter.column.path();
            reference.unwrap_or(name)
        });
        let owner = match (grant.rows(), request.resource.owner) {
            (Rows::All, _) | (Rows::OwnedBy(_), Owner::Nobody) => None,
            (Rows::OwnedBy(_), Owner::Column(column)) => Some(column),
            (Rows::OwnedBy(_), Owner::Through { reference, .. }) => Some(reference),
        };
        let plain = selection.plain.iter().copied();
        let mut names = vec!["id"];
        for name in
            std::iter::once(request.order.column).chain(own).chain(told_by).chain(plain).chain(searched).chain(filtered).chain(owner)
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        self.push("SELECT ");
        for (index, name) in names.into_iter().enumerate() {
            self.words(&[if index > 0 { ", t." } else { "t." }, name]);
        }
        self
    }

    pub(super) fn joins(&mut self, selection: &Selection) -> &mut Self {
        for join in &selection.joins {
            self.words(&[" LEFT JOIN ", join.table, " ", join.alias, " ON ", join.alias, ".id = ", join.from, ".", join.reference]);
        }
        self
    }
}
