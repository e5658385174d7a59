//! How is the result of a run taken away?

use actix_web::{HttpResponse, http::header, web};
use uuid::Uuid;

use super::{found, visible};
use crate::{
    app::Console,
    db::{event::event, pool::DatabaseError, value::Value, write::Write},
    error::PageError,
    pages::visit::Visit,
    resource::export::text_cell,
    workflows::run::results::{Item, items},
};

/// Of decisions, and of everything else.
const DECIDED: &[u8] = b"transaction_id,reference,amount,currency,outcome,message\r\n";
const DONE: &[u8] = b"id,name,detail,outcome,message\r\n";

/// GET /runs/{id}/result.csv
pub async fn csv(console: web::Data<Console>, visit: Visit, path: web::Path<String>) -> Result<HttpResponse, PageError> {
    let connection = console.database.read().await?;
    let run = found(&connection, &path).await?;
    visible(&console, &visit, &run)?;
    let items = items(&connection, run.id).await?;
    // Nobody waits for a second connection while holding one.
    drop(connection);
    record(&console, &visit, run.id).await?;
    let is_decided = run.verb.decision().is_some();
    let mut file = Vec::with_capacity(items.len() * 120 + DECIDED.len());
    file.extend_from_slice(if is_decided { DECIDED } else { DONE });
    for item in &items {
        file.extend_from_slice(item.record.to_string().as_bytes());
        text(&mut file, item.name.as_deref());
        if is_decided {
            money(&mut file, item);
        } else {
            text(&mut file, item.description.as_deref());
        }
        text(&mut file, Some(item.ending.map_or("waiting", |ending| ending.name())));
        text(&mut file, item.message.as_deref().or(item.obstacle.as_deref()));
        file.extend_from_slice(b"\r\n");
    }
    let name = format!("attachment; filename=\"run-{}.csv\"", run.id.as_simple());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(file))
}

/// Writes down who takes what, before it leaves.
async fn record(console: &Console, visit: &Visit, run: Uuid) -> Result<(), DatabaseError> {
    let write = Write::begin(&console.database, &visit.origin).await?;
    let details = serde_json::json!({ "table": "decision_run_items", "format": "csv", "run": run.to_string() });
    event(&write, "export", &details).await?;
    write.commit().await
}

fn text(file: &mut Vec<u8>, text: Option<&str>) {
    file.push(b',');
    if let Some(text) = text {
        text_cell(file, text);
    }
}

fn money(file: &mut Vec<u8>, item: &Item) {
    file.push(b',');
    // A number stays one: a minus before digits is no formula.
    if let Value::Number(number) = &item.amount {
        file.extend_from_slice(number.to_string().as_bytes());
    }
    text(file, item.currency.as_deref());
}
