//! Which files does an outsider need, and who took them away?

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use serde_json::json;
use uuid::Uuid;

use super::{authorized, log};
use crate::{
    app::Console,
    audit::{
        entry::Log,
        seal::{
            earlier,
            evidence::{self, Evidence},
            inclusion::InclusionProof,
            store::{self, Kept},
            tree::Claim,
        },
    },
    auth::policy::Action,
    db::{event::event, pool::Connection, write::Write},
    error::{PageError, WayOn},
    pages::{query, record::record_id, urls, visit::Visit},
};

fn file(name: &str, media_type: &'static str, text: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text)
}

const TEXT: &str = "text/plain; charset=utf-8";

/// GET /audit/proof/checkpoint: the newest, or the one with the id `of`.
pub async fn checkpoint(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let _ = authorized(&console, &visit)?;
    let mut of = None;
    for (name, value) in query::pairs(&request)?.into_iter().filter(|(_, value)| !value.is_empty()) {
        match (name.as_str(), of) {
            ("of", None) => of = Some(value.parse::<Uuid>().map_err(|_| PageError::bad_request("“of” is not the id of a checkpoint"))?),
            ("of", Some(_)) => return Err(PageError::bad_request("“of” can be given once")),
            _ => return Err(PageError::bad_request(format!("This file knows no parameter “{name}”"))),
        }
    }
    let connection = console.database.read().await?;
    let kept = match of {
        Some(id) => earlier::checkpoint(&connection, id).await?,
        None => store::last(&connection).await?,
    };
    let kept = kept.ok_or_else(|| PageError::not_found("checkpoint"))?;
    Ok(file(&format!("checkpoint-{}.txt", kept.size), TEXT, kept.note))
}

/// GET /audit/proof/{log}/{entry}.proof and .jsonl
pub async fn of_entry(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, PageError> {
    let (named, entry, ending) = path.into_inner();
    let which = Log::named(&named).ok_or_else(|| PageError::not_found("log of this name"))?;
    let grant = visit.actor.authorize(Action::Verify, log(&console, which)?)?;
    let entry = record_id(&entry)?;
    if let Some((name, _)) = query::pairs(&request)?.first() {
        return Err(PageError::bad_request(format!("This file knows no parameter “{name}”")));
    }
    let connection = console.database.read().await?;
    match ending.as_str() {
        "proof" => {
            let proof = proof(&connection, which, entry).await?;
            Ok(file(&format!("{named}-{entry}.proof"), TEXT, proof.text()))
        }
        "jsonl" => match evidence::of(&connection, &grant, which, entry).await? {
            None => Err(PageError::not_found("entry with this id")),
            Some(Evidence::Withheld) => Err(withheld(which, entry)),
            Some(Evidence::Whole(record)) => {
                let line = evidence::line(&record).map_err(PageError::internal)?;
                drop(connection);
                record_export(&console, &visit, which, entry).await?;
                Ok(file(&format!("{named}-{entry}.jsonl"), "application/jsonl; charset=utf-8", line + "\n"))
            }
        },
        _ => Err(PageError::not_found("file of this kind")),
    }
}

/// Writes down who takes it, before the first byte leaves.
async fn record_export(console: &Console, visit: &Visit, log: Log, entry: Uuid) -> Result<(), PageError> {
    let details = json!({ "table": log.table(), "format": "jsonl", "entry": entry.to_string() });
    let write = Write::begin(&console.database, &visit.origin).await?;
    event(&write, "export", &details).await?;
    Ok(write.commit().await?)
}

fn withheld(log: Log, entry: Uuid) -> PageError {
    let what = "A secret stands in this entry, as whoever wrote it left it there. It is not handed out, and without it the entry is not what was sealed. \
                Its proof can be taken away, and “Verify every entry now” compares it here.";
    PageError::Conflict { what: what.to_owned(), ways: vec![WayOn::new("Take its proof", urls::evidence_url(log, entry, "proof"))] }
}

async fn proof(connection: &Connection, log: Log, entry: Uuid) -> Result<InclusionProof, PageError> {
    let Some(position) = store::position(connection, log, entry).await? else {
        return Err(if evidence::waits(connection, log, entry).await? {
            let what = "This entry waits to be sealed, which takes a moment. Ask again then.";
            PageError::Conflict { what: what.to_owned(), ways: vec![WayOn::new("The log’s proof", urls::proof_of(entry))] }
        } else {
            PageError::not_found("sealed entry with this id")
        });
    };
    let altered = || PageError::Conflict {
        what: "The log was altered: what would prove this entry is not there any more.".to_owned(),
        ways: vec![WayOn::new("The log’s proof", urls::LOG_PROOF)],
    };
    let Kept { size, note, .. } = store::last(connection).await?.ok_or_else(altered)?;
    let hashes = store::proof(connection, Claim::Includes { size, position }).await?.ok_or_else(altered)?;
    let announcements = earlier::announcements(connection, size).await?.into_iter().filter(|announcement| *announcement != note).collect();
    Ok(InclusionProof { index: position, hashes, checkpoint: note, announcements })
}
