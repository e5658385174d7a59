//! How does a whole list leave as a file: recorded first, in one snapshot, and never cut short unseen?

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use bytes::Bytes;
use chrono::Utc;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{
    browse::{check, find},
    query,
    shown::Viewer,
    visit::Visit,
};
use crate::{
    app::Console,
    auth::{grant::Grant, policy::Action},
    db::{
        pool::{Connection, DatabaseError},
        snapshot::Snapshot,
        value::Value,
        write::Write,
    },
    error::PageError,
    resource::{
        export::{self, Encoder, Format},
        request::{BadQuery, ListRequest, Position, Query},
        statement::Statement,
    },
};

/// Rows fetched at a time. The snapshot's portal gives no more than it is asked for, so a reader who goes
/// away leaves nothing behind that must be read to its end.
const BATCH: i32 = 2_000;
/// Exports of one worker at once; each holds a connection for as long as its reader takes.
const AT_ONCE: usize = 2;
const RECORD: &str = "SELECT public.nexus_event($1::text, $2::jsonb)";

/// How many more exports one worker takes on.
#[derive(Debug, Clone)]
pub struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Exports(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// `GET /tables/{table}/export.csv`
pub async fn csv(
    request: HttpRequest,
    visit: Visit,
    console: web::Data<Console>,
    exports: web::Data<Exports>,
    table: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    export(request, visit, console, exports, table, Format::Csv).await
}

/// `GET /tables/{table}/export.jsonl`
pub async fn json_lines(
    request: HttpRequest,
    visit: Visit,
    console: web::Data<Console>,
    exports: web::Data<Exports>,
    table: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    export(request, visit, console, exports, table, Format::JsonLines).await
}

async fn export(
    request: HttpRequest,
    visit: Visit,
    console: web::Data<Console>,
    exports: web::Data<Exports>,
    table: web::Path<String>,
    format: Format,
) -> Result<HttpResponse, PageError> {
    let resource = find(&console, &table)?;
    let grant = visit.actor.authorize(Action::Export, resource)?;
    let pairs = query::pairs(&request)?;
    let now = Utc::now();
    let viewer = Viewer::new(&visit.actor, &grant, now);
    let mut asked = ListRequest::parse(resource, &pairs, visit.actor.preferences.time_zone)?;
    check(&asked, &viewer)?;
    if let Some((column, _)) = asked.finds.first() {
        let problem = "is only for looking; choose the record on the list first.".to_owned();
        return Err(BadQuery { parameter: format!("{}.find", column.name), problem }.into());
    }
    asked.position = Position::First;
    let permit = exports.0.clone().try_acquire_owned().map_err(|_| busy())?;
    let columns: Vec<_> = export::columns(resource).filter(|column| viewer.may_see(column)).collect();
    let encoder = Encoder::new(format, columns);
    record(&console, &visit, &asked.query, &encoder, format, resource.table).await?;
    let connection = console.database.read().await?;
    let (extension, kind) = match format {
        Format::Csv => ("csv", "text/csv; charset=utf-8; header=present"),
        Format::JsonLines => ("jsonl", "application/x-ndjson; charset=utf-8"),
    };
    let day = now.with_timezone(&visit.actor.preferences.time_zone).format("%Y-%m-%d");
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}-{day}.{extension}\"", resource.table)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(body(connection, grant, asked, encoder, permit)))
}

fn busy() -> PageError {
    PageError::Unavailable { retry_after: std::time::Duration::from_secs(10), kept: None, source: None }
}

/// Writes down who takes what, before the first byte leaves.
async fn record(
    console: &Console,
    visit: &Visit,
    query: &Query,
    encoder: &Encoder,
    format: Format,
    table: &'static str,
) -> Result<(), DatabaseError> {
    let columns: Vec<&str> = std::iter::once("id").chain(encoder.columns().iter().map(|column| column.name)).collect();
    let details = serde_json::json!({
        "table": table,
        "format": match format { Format::Csv => "csv", Format::JsonLines => "jsonl" },
        "query": query.without(&["limit", "columns"]).to_suffix().trim_start_matches('?'),
        "columns": columns,
    });
    let write = Write::begin(&console.database, &visit.origin).await?;
    write.query_one(RECORD, &[&"export", &Value::Json(details.to_string())]).await?;
    write.commit().await
}

/// The file as it comes. The producer lives inside the body: when the reader goes, it goes, and its
/// transaction with it. Its failure is an error of the body, which breaks the transfer off, so that what
/// was cut short never looks whole.
fn body(
    connection: Connection,
    grant: Grant,
    asked: ListRequest,
    encoder: Encoder,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Bytes, DatabaseError>> {
    let (chunks, mut arriving) = mpsc::channel::<Bytes>(1);
    let producer = stream::once(async move {
        let written = produce(connection, grant, asked, encoder, chunks).await;
        drop(permit);
        written
    });
    let failure = producer.filter_map(|written| std::future::ready(written.err().map(Err)));
    let arrived = stream::poll_fn(move |context| arriving.poll_recv(context)).map(Ok);
    // Ends only when both have: the last chunk is out, and the producer has said that it was the last.
    stream::select(arrived, failure)
}

async fn produce(
    mut connection: Connection,
    grant: Grant,
    asked: ListRequest,
    mut encoder: Encoder,
    chunks: mpsc::Sender<Bytes>,
) -> Result<(), DatabaseError> {
    let snapshot = Snapshot::take(&mut connection).await?;
    for range in asked.position.ranges(asked.order_is_nullable()) {
        let statement = Statement::export(&grant, &asked, encoder.columns(), &range);
        let portal = snapshot.open(statement.text(), statement.parameters()).await?;
        loop {
            let mut rows = std::pin::pin!(snapshot.fetch(&portal, BATCH).await?);
            let mut fetched = 0;
            while let Some(row) = rows.try_next().await? {
                fetched += 1;
                encoder.row(&row)?;
                if encoder.is_full() && chunks.send(encoder.take().into()).await.is_err() {
                    return Ok(());
                }
            }
            if fetched < BATCH {
                break;
            }
        }
    }
    let rest = encoder.take();
    if !rest.is_empty() && chunks.send(rest.into()).await.is_err() {
        return Ok(());
    }
    snapshot.end().await
}
