//! What did a preview say of each item, and what came of it?

use uuid::Uuid;

use crate::db::{
    pool::{Connection, DatabaseError},
    value::Value,
};

/// How one item ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Posted,
    /// Its first approval of several.
    Approved,
    Rejected,
    /// Whatever else was to be done.
    Done,
    Refused,
    /// The preview had said that it would stay out.
    Skipped,
}

impl Ending {
    /// In the order a summary counts them.
    pub const ALL: [Ending; 6] = [Ending::Posted, Ending::Approved, Ending::Rejected, Ending::Done, Ending::Refused, Ending::Skipped];

    pub const fn name(self) -> &'static str {
        match self {
            Ending::Posted => "posted",
            Ending::Approved => "approved",
            Ending::Rejected => "rejected",
            Ending::Done => "done",
            Ending::Refused => "refused",
            Ending::Skipped => "skipped",
        }
    }

    fn named(name: &str) -> Option<Ending> {
        Ending::ALL.into_iter().find(|ending| ending.name() == name)
    }
}

/// An item of a run. A transaction's own values are those of today, which are what was seen unless the digest says
/// otherwise: then it is refused. Of another row there are the name and the detail it had when it was seen.
#[derive(Debug, Clone)]
pub struct Item {
    pub record: Uuid,
    /// A transaction's reference, or the row's name.
    pub name: Option<String>,
    pub kind: Option<String>,
    /// A transaction's description, or what lists put beside the name.
    pub description: Option<String>,
    pub account: Option<String>,
    pub amount: Value,
    pub currency: Option<String>,
    /// What the preview said stands in its way.
    pub obstacle: Option<String>,
    pub ending: Option<Ending>,
    pub message: Option<String>,
}

const ITEMS: &str = "SELECT i.record_id, coalesce(i.name, t.reference_number), t.transaction_type, coalesce(i.detail, t.description), a.account_name, t.amount, a.currency, \
            i.obstacle, i.outcome, i.message \
     FROM decision_run_items i \
     JOIN decision_runs r ON r.id = i.run_id \
     LEFT JOIN transactions t ON t.id = i.record_id AND r.subject = 'transactions' \
     LEFT JOIN accounts a ON a.id = t.account_id \
     WHERE i.run_id = $1 ORDER BY i.position";

/// All items of a run, in the order of the selection.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn items(connection: &Connection, run: Uuid) -> Result<Vec<Item>, DatabaseError> {
    let rows = connection.query(ITEMS, &[&run]).await?;
    let items = rows.iter().map(|row| {
        Ok(Item {
            record: row.try_get(0)?,
            name: row.try_get(1)?,
            kind: row.try_get(2)?,
            description: row.try_get(3)?,
            account: row.try_get(4)?,
            amount: row.try_get(5)?,
            currency: row.try_get(6)?,
            obstacle: row.try_get(7)?,
            ending: row.try_get::<_, Option<&str>>(8)?.and_then(Ending::named),
            message: row.try_get(9)?,
        })
    });
    items.collect::<Result<_, tokio_postgres::Error>>().map_err(DatabaseError::from)
}
