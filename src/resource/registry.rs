//! Which tables are there, and which refer to which?

use super::{Column, Kind, Resource};

/// The tables a console administers, in the order of its navigation.
#[derive(Debug, Clone)]
pub struct Registry {
    resources: Vec<&'static Resource>,
}

/// A column of another table that refers to a record.
#[derive(Debug, Clone, Copy)]
pub struct Referrer {
    pub resource: &'static Resource,
    pub column: &'static Column,
}

impl Registry {
    pub fn new(resources: impl IntoIterator<Item = &'static Resource>) -> Registry {
        Registry { resources: resources.into_iter().collect() }
    }

    pub fn find(&self, table: &str) -> Option<&'static Resource> {
        self.iter().find(|resource| resource.table == table)
    }

    pub fn iter(&self) -> impl Iterator<Item = &'static Resource> + '_ {
        self.resources.iter().copied()
    }

    /// Every declared reference to a table, own columns only.
    pub fn referrers(&self, table: &str) -> impl Iterator<Item = Referrer> + '_ {
        let table = table.to_owned();
        self.iter().flat_map(move |resource| {
            let refers =
                |column: &&'static Column| column.is_own() && matches!(column.kind, Kind::Reference(target) if target.table == table);
            resource.columns.iter().filter(refers).map(|column| Referrer { resource, column }).collect::<Vec<_>>()
        })
    }
}
