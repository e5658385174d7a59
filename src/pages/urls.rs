//! At which address is what? The one place that spells the console's paths.

use uuid::Uuid;

use super::display::return_to;
use crate::audit::entry::Log;
use crate::resource::{Resource, export::Format, request::Query};

pub const DASHBOARD: &str = "/";
pub const SEARCH: &str = "/search";
pub const NEW_TRANSFER: &str = "/transfers/new";

/// Whether what is there is read by programs: probes, files, machines. They get no page and have no session.
pub fn is_for_programs(path: &str) -> bool {
    ["/health/", "/static/", "/metrics", "/api/"].iter().any(|start| path.starts_with(start))
}

/// Whether the logs are what was sealed.
pub const LOG_PROOF: &str = "/audit/proof";
pub const LOG_VERIFICATION: &str = "/audit/proof/verify";
/// The newest signed checkpoint, as a file.
pub const CHECKPOINT: &str = "/audit/proof/checkpoint";

/// Where an entry stands in the proof.
pub fn proof_of(entry: Uuid) -> String {
    format!("{LOG_PROOF}?entry={}", entry.as_hyphenated())
}

/// What an outsider checks one entry with: `proof`, or `jsonl` for the entry itself.
pub fn evidence_url(log: Log, entry: Uuid, file: &str) -> String {
    format!("{LOG_PROOF}/{}/{}.{file}", log.table(), entry.as_hyphenated())
}

pub const LEDGER: &str = "/operations/ledger";
/// What the console has still to do on its database.
pub const MAINTENANCE: &str = "/operations/maintenance";

/// Whether everything is recorded.
pub const COVERAGE: &str = "/audit/coverage";

/// What a role of the database wrote past the console, in the trail.
pub fn trail_of_role(name: &str) -> String {
    let role = ["db:", name].concat();
    let quoted = if role.contains([' ', '"', ',']) { ["\"", &role.replace('"', ""), "\""].concat() } else { role };
    trail_url(&["actor:", &quoted].concat())
}

/// What of the log is not reviewed, and how far it was.
pub const REVIEWS: &str = "/audit/reviews";
/// Where the entries ticked there go.
pub const REVIEW_SELECTED: &str = "/audit/selected";
/// What a search of the trail finds, to say the same of all of it.
pub const ANNOTATE_FOUND: &str = "/audit/annotate";

pub fn annotate_found_url(asked: &str) -> String {
    format!("{ANNOTATE_FOUND}{}", Query::default().with("q", asked).to_suffix())
}

/// Who keeps the access they have.
pub const ACCESS_REVIEWS: &str = "/audit/access";
pub const EVIDENCE: &str = "/audit/evidence";
pub const EVIDENCE_PACK: &str = "/audit/evidence/pack.zip";

pub fn access_review_url(id: Uuid) -> String {
    format!("{ACCESS_REVIEWS}/{}", id.as_hyphenated())
}

/// What was said of an entry, and is to be.
pub fn annotate_url(table: &str, entry: Uuid) -> String {
    format!("/tables/{table}/{}/annotate", entry.as_hyphenated())
}

/// Both logs as one trail.
pub const AUDIT: &str = "/audit";

/// The part of the trail that a text of its box asks for.
pub fn trail_url(asked: &str) -> String {
    format!("{AUDIT}{}", Query::default().with("q", asked).to_suffix())
}

/// The same as a file.
pub fn trail_export_url(asked: &str, format: Format) -> String {
    format!("{AUDIT}/export.{}{}", format.extension(), Query::default().with("q", asked).to_suffix())
}

/// One account's place in the ledger's proof.
pub fn drift_url(account: Uuid) -> String {
    format!("{LEDGER}/{}", account.as_hyphenated())
}

/// The whole list, as it stands when nobody has asked for anything.
pub fn list_url(resource: &Resource) -> String {
    format!("/tables/{}", resource.table)
}

/// The list in the state that a query says.
pub fn list_of(resource: &Resource, query: &Query) -> String {
    format!("/tables/{}{}", resource.table, query.to_suffix())
}

/// The rows that refer to one record by one column.
pub fn referring_url(resource: &Resource, column: &str, id: Uuid) -> String {
    format!("/tables/{}?{column}={}", resource.table, id.as_hyphenated())
}

pub fn new_url(resource: &Resource) -> String {
    format!("/tables/{}/new", resource.table)
}

pub fn record_url(resource: &Resource, id: Uuid) -> String {
    format!("/tables/{}/{}", resource.table, id.as_hyphenated())
}

pub fn edit_url(resource: &Resource, id: Uuid) -> String {
    format!("{}/edit", record_url(resource, id))
}

pub fn delete_url(resource: &Resource, id: Uuid) -> String {
    format!("{}/delete", record_url(resource, id))
}

pub fn history_url(resource: &Resource, id: Uuid) -> String {
    format!("{}/history", record_url(resource, id))
}

/// What changed one field of a record.
pub fn field_history_url(resource: &Resource, id: Uuid, field: &str) -> String {
    format!("{}?field={field}", history_url(resource, id))
}

/// A verb's own page: `withdraw`, `revoke`, ….
pub fn verb_url(resource: &Resource, id: Uuid, verb: &str) -> String {
    format!("{}/{verb}", record_url(resource, id))
}

/// How low an account may go.
pub fn limit_url(resource: &Resource, id: Uuid) -> String {
    format!("{}/limit", record_url(resource, id))
}

/// The form of a transfer out of an account.
pub fn transfer_from(account: Uuid) -> String {
    format!("{NEW_TRANSFER}?source={}", account.as_hyphenated())
}

/// Where the rows ticked in a list go.
pub fn selected_url(resource: &Resource) -> String {
    format!("/tables/{}/selected", resource.table)
}

/// A bulk decision: its preview, its progress and its result.
pub fn run_url(id: Uuid) -> String {
    format!("/runs/{}", id.as_hyphenated())
}

/// The queue of approvals.
pub const APPROVALS: &str = "/approvals";

/// One item of the queue.
pub fn approval_url(transaction: Uuid) -> String {
    format!("{APPROVALS}/{}", transaction.as_hyphenated())
}

pub fn export_url(resource: &Resource, format: Format, query: &Query) -> String {
    format!("/tables/{}/export.{}{}", resource.table, format.extension(), query.to_suffix())
}

/// The same address, with the local path that leads back from there.
pub fn with_return(url: &str, back: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}return={}", return_to(back))
}
