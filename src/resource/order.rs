//! In which order does a list stand?

use super::Resource;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// A declared sortable column of the table itself, or `id`.
    pub column: &'static str,
    pub direction: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    #[must_use]
    pub fn reversed(self) -> Direction {
        match self {
            Direction::Ascending => Direction::Descending,
            Direction::Descending => Direction::Ascending,
        }
    }
}

impl Order {
    pub const fn ascending(column: &'static str) -> Order {
        Order { column, direction: Direction::Ascending }
    }

    pub const fn descending(column: &'static str) -> Order {
        Order { column, direction: Direction::Descending }
    }

    /// Reads `sort=-amount`. `None` where the column is not declared sortable.
    pub fn parse(resource: &Resource, text: &str) -> Option<Order> {
        let (name, direction) = match text.strip_prefix('-') {
            Some(name) => (name, Direction::Descending),
            None => (text, Direction::Ascending),
        };
        let column = resource.column(name).filter(|column| column.sortable)?;
        Some(Order { column: column.name, direction })
    }

    /// As the `sort` parameter spells it.
    pub fn parameter(self) -> String {
        match self.direction {
            Direction::Ascending => self.column.to_owned(),
            Direction::Descending => format!("-{}", self.column),
        }
    }
}
