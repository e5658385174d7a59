//! Where is what somebody was told, and what it is about?

use actix_web::{HttpResponse, http::header, web};

use super::{local_path::local, related::Elsewhere, urls, visit::Visit};
use crate::{app::Console, auth::policy::Action, error::PageError, resource::record::Record};

/// GET /notifications: one's own, also for those who may read everybody's.
///
/// # Errors
/// 403 without a role.
pub async fn own(console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let resource = console.registry.find("notifications").ok_or_else(|| PageError::not_found("table of this name"))?;
    let grant = visit.actor.authorize(Action::Read, resource)?;
    let to = if grant.covers_all_rows() { urls::referring_url(resource, "user_id", visit.actor.id) } else { urls::list_url(resource) };
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish())
}

/// The transaction, or the queue, that the last line of a notification leads to.
pub fn subject(record: &Record) -> Option<Elsewhere> {
    let message = record.value("message").as_text().filter(|_| record.resource.table == "notifications")?;
    let path = local(message.lines().last()?)?;
    let label = match path {
        "/approvals" => "Approvals",
        "/tables/transactions" => "Transactions",
        _ if path.starts_with("/approvals/") || path.starts_with("/tables/transactions/") => "The transaction",
        _ => return None,
    };
    Some(Elsewhere { label: label.to_owned(), href: path.to_owned() })
}
