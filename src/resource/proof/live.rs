//! What does the catalog say of the tables that are declared?

use std::collections::{BTreeSet, HashMap};

use tokio_postgres::Client;

use super::Finding;
use crate::{
    db::pool::DatabaseError,
    resource::{Column, Input, Kind, Registry, Resource},
};

const COLUMNS: &str = "SELECT c.relname::text, a.attname::text, t.typname::text, a.atttypmod, a.attnotnull \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname = ANY ($1)";

const CONSTRAINTS: &str = "SELECT c.relname::text, a.attname::text, k.contype::text, f.relname::text, \
     pg_catalog.pg_get_constraintdef(k.oid) \
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1] \
     LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid \
     WHERE n.nspname = 'public' AND c.relname = ANY ($1) AND k.contype IN ('c', 'f') AND cardinality(k.conkey) = 1";

const INDEXES: &str = "SELECT c.relname::text, m.amname::text, i.indisunique, \
     ARRAY(SELECT coalesce(a.attname::text, '') FROM unnest(i.indkey) WITH ORDINALITY AS k (attribute, place) \
           LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attribute \
           WHERE k.place <= i.indnkeyatts ORDER BY k.place) \
     FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am m ON m.oid = x.relam \
     WHERE n.nspname = 'public' AND c.relname = ANY ($1) AND i.indisvalid AND i.indpred IS NULL";

const TRIGGERS: &str = "SELECT c.relname::text, p.proname::text \
     FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid \
     WHERE n.nspname = 'public' AND c.relname = ANY ($1) AND NOT t.tgisinternal AND t.tgenabled <> 'D'";

/// A table as the catalog knows it.
#[derive(Default)]
struct Table {
    columns: HashMap<String, Attribute>,
    checks: HashMap<String, Vec<String>>,
    references: HashMap<String, String>,
    indexes: Vec<Index>,
    /// The functions its triggers call.
    triggers: BTreeSet<String>,
}

struct Attribute {
    kind: String,
    modifier: i32,
    not_null: bool,
}

struct Index {
    method: String,
    is_unique: bool,
    columns: Vec<String>,
}

pub(super) async fn findings(client: &Client, registry: &Registry) -> Result<Vec<Finding>, DatabaseError> {
    let tables = tables(client, registry).await?;
    let mut findings = Vec::new();
    for resource in registry.iter() {
        match tables.get(resource.table) {
            None => findings.push(Finding::wrong("R001", format!("{}: there is no such table", resource.table))),
            Some(table) => table.hold_against(resource, &mut findings),
        }
    }
    Ok(findings)
}

async fn tables(client: &Client, registry: &Registry) -> Result<HashMap<String, Table>, DatabaseError> {
    let names: Vec<&str> = registry.iter().map(|resource| resource.table).collect();
    let mut tables: HashMap<String, Table> = HashMap::new();
    for row in client.query(COLUMNS, &[&names]).await? {
        let attribute = Attribute { kind: row.try_get(2)?, modifier: row.try_get(3)?, not_null: row.try_get(4)? };
        tables.entry(row.try_get(0)?).or_default().columns.insert(row.try_get(1)?, attribute);
    }
    for row in client.query(CONSTRAINTS, &[&names]).await? {
        let table = tables.entry(row.try_get(0)?).or_default();
        match row.try_get::<_, Option<String>>(3)? {
            Some(target) => table.references.insert(row.try_get(1)?, target),
            None => {
                table.checks.entry(row.try_get(1)?).or_default().push(row.try_get(4)?);
                None
            }
        };
    }
    for row in client.query(INDEXES, &[&names]).await? {
        let index = Index { method: row.try_get(1)?, is_unique: row.try_get(2)?, columns: row.try_get(3)? };
        tables.entry(row.try_get(0)?).or_default().indexes.push(index);
    }
    for row in client.query(TRIGGERS, &[&names]).await? {
        tables.entry(row.try_get(0)?).or_default().triggers.insert(row.try_get(1)?);
    }
    Ok(tables)
}

impl Table {
    fn hold_against(&self, resource: &'static Resource, findings: &mut Vec<Finding>) {
        let table = resource.table;
        for column in resource.columns.iter().filter(|column| column.is_own() && column.is_stored()) {
            match self.columns.get(column.name) {
                None => findings.push(Finding::wrong("R002", format!("{table}.{}: there is no such column", column.name))),
                Some(attribute) => self.column(resource, column, attribute, findings),
            }
        }
        let mut others: Vec<_> = self.columns.keys().filter(|name| resource.column(name).is_none()).collect();
        others.sort();
        findings.extend(others.iter().map(|name| Finding::note("R011", format!("{table}.{name}: is there, is not declared"))));
        self.watched(resource, findings);
    }

    /// What changes leaves an entry and stamps; the logs, which nothing changes, have neither.
    fn watched(&self, resource: &'static Resource, findings: &mut Vec<Finding>) {
        let table = resource.table;
        let is_stamped = |name: &str| self.columns.contains_key(name);
        let is_written = resource.columns.iter().any(|column| column.on_create != Input::Never || column.on_edit != Input::Never);
        let lacks = |function: &str| !self.triggers.contains(function);
        if (is_written || is_stamped("updated_at")) && lacks("log_ssot_changes") {
            findings.push(Finding::wrong("R012", format!("{table}: no trigger records its changes")));
        }
        if is_stamped("updated_at") && lacks("update_updated_at_column") {
            findings.push(Finding::wrong("R013", format!("{table}.updated_at: no trigger keeps it")));
        }
        if is_stamped("created_by") && lacks("nexus_stamp") {
            findings.push(Finding::wrong("R014", format!("{table}.created_by: no trigger keeps it")));
        }
    }

    fn column(&self, resource: &'static Resource, column: &'static Column, attribute: &Attribute, findings: &mut Vec<Finding>) {
        let (table, order, name) = (resource.table, resource.order.column, column.name);
        let (declared, types) = expected(column.kind);
        if !types.contains(&attribute.kind.as_str()) {
            findings.push(Finding::wrong("R004", format!("{table}.{name}: declared {declared}, is {}", attribute.kind)));
            return;
        }
        // PostgreSQL keeps a varchar's length with four bytes of header.
        let length = attribute.modifier - 4;
        if let Kind::Text(most) = column.kind
            && attribute.kind == "varchar"
            && attribute.modifier > 4
            && usize::try_from(length) != Ok(most)
        {
            findings.push(Finding::wrong("R005", format!("{table}.{name}: declared {most} characters long, is {length}")));
        }
        match (column.nullable, attribute.not_null) {
            (false, false) => findings.push(Finding::wrong("R006", format!("{table}.{name}: declared NOT NULL, can be NULL"))),
            (true, true) => findings.push(Finding::note("R006", format!("{table}.{name}: declared nullable, is NOT NULL"))),
            (true, false) | (false, true) => {}
        }
        if let Kind::Choice(choices) = column.kind {
            let declared: BTreeSet<&str> = choices.iter().map(|choice| choice.value).collect();
            let checks = self.checks.get(name).map(Vec::as_slice).unwrap_or_default();
            let allowed: BTreeSet<&str> = checks.iter().flat_map(|check| literals(check)).collect();
            if allowed.is_empty() {
                findings.push(Finding::wrong("R007", format!("{table}.{name}: declared a choice, has no CHECK of its values")));
            } else if declared != allowed {
                let differ: Vec<_> = declared.symmetric_difference(&allowed).copied().collect();
                findings.push(Finding::wrong("R007", format!("{table}.{name}: its CHECK and its choices differ in {}", differ.join(", "))));
            }
        }
        if let Kind::Reference(target) = column.kind {
            match self.references.get(name) {
                Some(there) if there == target.table => {}
                Some(there) => {
                    findings
                        .push(Finding::wrong("R008", format!("{table}.{name}: declared to refer to {}, refers to {there}", target.table)));
                }
                None => findings
                    .push(Finding::wrong("R008", format!("{table}.{name}: declared to refer to {}, has no foreign key", target.table))),
            }
        }
        if column.sortable && name != "id" && !self.indexes.iter().any(|index| index.serves_sort(name)) {
            findings.push(Finding::slow("R009", format!("{table}.{name}: declared sortable, has no index on ({name}, id)")));
        }
        for order in column.kept_in_order.then_some(order).into_iter().chain(column.also_in_order_of) {
            if !self.indexes.iter().any(|index| index.keeps_in_order(name, order)) {
                findings.push(Finding::slow(
                    "R015",
                    format!("{table}.{name}: declared filterable in order, has no index on ({name}, {order}, id)"),
                ));
            }
        }
        if column.searchable && !self.indexes.iter().any(|index| index.serves_search(name)) {
            findings.push(Finding::slow("R010", format!("{table}.{name}: declared searchable, has no trigram index")));
        }
    }
}

impl Index {
    fn serves_sort(&self, name: &str) -> bool {
        let first: Vec<_> = self.columns.iter().map(String::as_str).take(2).collect();
        self.method == "btree" && (first == [name, "id"] || (self.is_unique && self.columns == [name]))
    }

    fn keeps_in_order(&self, name: &str, order: &str) -> bool {
        let first: Vec<_> = self.columns.iter().map(String::as_str).take(3).collect();
        self.method == "btree" && first == [name, order, "id"]
    }

    fn serves_search(&self, name: &str) -> bool {
        self.method == "gin" && self.columns.iter().any(|column| column == name)
    }
}

/// The kind's name, and the types of PostgreSQL that hold it.
fn expected(kind: Kind) -> (&'static str, &'static [&'static str]) {
    match kind {
        Kind::Text(_) => ("Text", &["varchar", "text"]),
        Kind::LongText => ("LongText", &["text", "varchar"]),
        Kind::Bool => ("Bool", &["bool"]),
        Kind::Uuid => ("Uuid", &["uuid"]),
        Kind::Money(_) => ("Money", &["numeric"]),
        Kind::Timestamp => ("Timestamp", &["timestamptz"]),
        Kind::Inet => ("Inet", &["inet"]),
        Kind::Json => ("Json", &["jsonb"]),
        Kind::Choice(_) => ("Choice", &["varchar", "text"]),
        Kind::Reference(_) => ("Reference", &["uuid"]),
        Kind::Secret => ("Secret", &["varchar", "text", "bytea"]),
        Kind::SecretWhen(_) => ("SecretWhen", &["jsonb"]),
    }
}

/// The quoted words of a CHECK as PostgreSQL prints it; none of ours holds a quote.
fn literals(check: &str) -> impl Iterator<Item = &str> {
    check.split('\'').skip(1).step_by(2)
}
