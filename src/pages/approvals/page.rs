//! What is drawn of the queue?

use askama::Template;

use super::{item::ItemView, query::Panel, row::Row};
use crate::pages::{
    display::{Chip, FieldError, Pager, Tab as TabLink},
    frame::Frame,
};

#[derive(Template)]
#[template(path = "approvals/approvals.html")]
pub(super) struct ApprovalsPage<'a> {
    pub(super) frame: Frame,
    pub(super) tabs: Vec<TabLink>,
    pub(super) chips: Vec<Chip>,
    pub(super) unfiltered: String,
    /// Where several are decided at once; for whoever decides.
    pub(super) several: Option<String>,
    pub(super) filters: Panel,
    pub(super) wanted: Option<Wanted>,
    pub(super) orders: [(&'static str, String, bool); 4],
    pub(super) part: &'static str,
    pub(super) rows: Vec<Row<'a>>,
    pub(super) pager: Option<Pager>,
    pub(super) empty: Option<Empty>,
    pub(super) item: Option<ItemView<'a>>,
    pub(super) errors: Vec<FieldError<'a>>,
    pub(super) refused: Option<&'a str>,
}

/// Words that name several accounts, or none.
pub(super) struct Wanted {
    pub(super) typed: String,
    pub(super) choices: Vec<Choice>,
}

pub(super) struct Choice {
    pub(super) label: String,
    pub(super) detail: Option<String>,
    pub(super) href: String,
}

/// Why there is nothing here, and where there would be something.
pub(super) struct Empty {
    pub(super) words: String,
    pub(super) elsewhere: Option<(&'static str, String)>,
}
