//! How is an access review taken away, to be attested and kept?

use actix_web::{HttpRequest, HttpResponse, http::header, web};

use super::authorized;
use crate::{
    app::Console,
    audit::access::{self, Part, Subject},
    db::{event::event, value::Value, write::Write},
    error::PageError,
    pages::{query, record::record_id, visit::Visit},
    resource::export::text_cell,
};

const HEADS: &[u8] =
    b"user_id,username,full_name,role,is_active,last_login,made_at,made_by,granted_by,granted_at,granted_entry,open_sessions,\
active_keys,verdict,note,decided_by,decided_at\r\n";
const BATCH: i64 = 1_000;

/// GET /audit/access/{id}/result.csv
pub async fn csv(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let grant = authorized(&console, &visit)?;
    let id = record_id(&path)?;
    if let Some((name, _)) = query::pairs(&request)?.first() {
        return Err(PageError::bad_request(format!("This file knows no parameter “{name}”")));
    }
    let connection = console.database.read().await?;
    access::review(&connection, &grant, id).await?.ok_or_else(|| PageError::not_found("access review with this id"))?;
    let mut file = HEADS.to_vec();
    let mut after = None;
    loop {
        let subjects = access::subjects(&connection, &grant, id, Part::All, after, BATCH).await?;
        subjects.iter().for_each(|subject| line(&mut file, subject));
        after = subjects.last().map(|last| last.id);
        if subjects.len() < BATCH as usize {
            break;
        }
    }
    drop(connection);
    // Written down before the first byte leaves.
    let write = Write::begin(&console.database, &visit.origin).await?;
    event(&write, "export", &serde_json::json!({ "table": "access_review_verdicts", "format": "csv", "query": format!("review_id={id}") }))
        .await?;
    write.commit().await?;
    let name = format!("attachment; filename=\"access-review-{}.csv\"", id.as_simple());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(file))
}

fn line(file: &mut Vec<u8>, subject: &Subject) {
    let decided = subject.decided.as_ref();
    file.extend_from_slice(subject.user.to_string().as_bytes());
    text(file, Some(&subject.username));
    text(file, subject.full_name.as_deref());
    text(file, subject.role.as_deref());
    plain(file, subject.is_active.map(|active| active.to_string()));
    time(file, &subject.last_login);
    time(file, &subject.made_at);
    text(file, subject.made_by.as_deref());
    text(file, subject.granted_by.as_deref());
    time(file, &subject.granted_at);
    plain(file, subject.granted_entry.map(|id| id.to_string()));
    plain(file, Some(subject.open_sessions.to_string()));
    plain(file, Some(subject.active_keys.to_string()));
    text(file, Some(decided.map_or("undecided", |decided| decided.verdict.name())));
    text(file, decided.map(|decided| decided.note.as_str()));
    text(file, decided.map(|decided| decided.by.as_str()));
    time(file, &decided.map_or(Value::Null, |decided| Value::Time(decided.at.into())));
    file.extend_from_slice(b"\r\n");
}

fn text(file: &mut Vec<u8>, text: Option<&str>) {
    file.push(b',');
    if let Some(text) = text {
        text_cell(file, text);
    }
}

/// What can be no formula.
fn plain(file: &mut Vec<u8>, text: Option<String>) {
    file.push(b',');
    file.extend_from_slice(text.unwrap_or_default().as_bytes());
}

fn time(file: &mut Vec<u8>, at: &Value) {
    plain(file, Some(at.to_string()));
}
