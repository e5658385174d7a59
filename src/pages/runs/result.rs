//! How is the result of a run taken away?

use actix_web::{HttpResponse, http::header, web};

use super::visible;
use crate::{
    app::Console,
    db::value::Value,
    error::PageError,
    pages::visit::Visit,
    resource::export::text_cell,
    workflows::run::results::{Item, items},
};

const HEADS: &[u8] = b"transaction_id,reference,amount,currency,outcome,message\r\n";

/// GET /runs/{id}/result.csv
pub async fn csv(console: web::Data<Console>, visit: Visit, path: web::Path<String>) -> Result<HttpResponse, PageError> {
    let connection = console.database.read().await?;
    let run = visible(&console, &visit, &connection, &path).await?;
    let items = items(&connection, run.id).await?;
    let mut file = Vec::with_capacity(items.len() * 120 + HEADS.len());
    file.extend_from_slice(HEADS);
    for item in &items {
        line(&mut file, item);
    }
    let name = format!("attachment; filename=\"run-{}.csv\"", run.id.as_simple());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(file))
}

fn line(file: &mut Vec<u8>, item: &Item) {
    let text = |file: &mut Vec<u8>, text: Option<&str>| {
        file.push(b',');
        if let Some(text) = text {
            text_cell(file, text);
        }
    };
    file.extend_from_slice(item.transaction.to_string().as_bytes());
    text(file, item.reference.as_deref());
    file.push(b',');
    // A number stays one: a minus before digits is no formula.
    if let Value::Number(number) = &item.amount {
        file.extend_from_slice(number.to_string().as_bytes());
    }
    text(file, item.currency.as_deref());
    text(file, Some(item.ending.map_or("waiting", |ending| ending.name())));
    text(file, item.message.as_deref().or(item.obstacle.as_deref()));
    file.extend_from_slice(b"\r\n");
}
