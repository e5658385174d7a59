//! How does a whole list leave as a file: recorded first, in one snapshot, and never cut short unseen?

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use bytes::Bytes;
use chrono::Utc;
use futures_util::{Stream, TryStreamExt, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::{JoinError, JoinHandle},
};

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
        event::event,
        pool::{Connection, DatabaseError},
        snapshot::Snapshot,
        write::Write,
    },
    error::{Cause, PageError},
    resource::{
        export::{self, Encoder, Format},
        request::{BadQuery, ListRequest, Position, Query},
        statement::Statement,
    },
};

/// Rows fetched at a time. The snapshot's portal gives no more than it is asked for, so a reader who goes
/// away leaves nothing behind that must be read to its end.
const BATCH: i32 = 1_000;
/// A reader who takes nothing for so long has gone: the snapshot and its connection are for others.
const PATIENCE: Duration = Duration::from_secs(60);
/// Exports of one worker at once; each holds a connection for as long as its reader takes.
const AT_ONCE: usize = 2;

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
        .streaming(body(Source { connection, grant, asked, encoder, _permit: permit })))
}

fn busy() -> PageError {
    PageError::Unavailable { retry_after: Duration::from_secs(10), cause: Cause::Crowd, kept: None, source: None }
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
    event(&write, "export", &details).await?;
    write.commit().await
}

/// Why a file ended before its last row.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the reader took nothing for a minute")]
    Stalled,
    #[error("the reader went away")]
    Left,
    #[error("the writer of the file ended early")]
    Writer(#[from] JoinError),
}

/// Everything one file is written from.
struct Source {
    connection: Connection,
    grant: Grant,
    asked: ListRequest,
    encoder: Encoder,
    _permit: OwnedSemaphorePermit,
}

/// The task that writes; it ends with the body that it writes for.
struct Writer(JoinHandle<Result<(), Broken>>);

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The file as it comes. Only the writer's word that the last row is out ends it; its failure is an error of
/// the body, which breaks the transfer off, so that what was cut short never looks whole.
fn body(source: Source) -> impl Stream<Item = Result<Bytes, Broken>> {
    let (chunks, arriving) = mpsc::channel(1);
    // A task of its own: a body is not asked for more while its reader stalls, and could not lose patience.
    let writer = Writer(actix_web::rt::spawn(write(source, chunks)));
    stream::unfold(Some((arriving, writer)), |state| async {
        let (mut arriving, mut writer) = state?;
        if let Some(chunk) = arriving.recv().await {
            return Some((Ok(chunk), Some((arriving, writer))));
        }
        let outcome = (&mut writer.0).await.map_err(Broken::from).and_then(|written| written);
        outcome.err().map(|broken| {
            tracing::warn!(cause = %broken, "an export broke off");
            (Err(broken), None)
        })
    })
}

async fn write(mut source: Source, chunks: mpsc::Sender<Bytes>) -> Result<(), Broken> {
    let snapshot = Snapshot::take(&mut source.connection).await?;
    for range in source.asked.position.ranges(source.asked.order_is_nullable()) {
        let statement = Statement::export(&source.grant, &source.asked, source.encoder.columns(), &range);
        let portal = snapshot.open(statement.text(), statement.parameters()).await?;
        loop {
            let mut rows = std::pin::pin!(snapshot.fetch(&portal, BATCH).await?);
            let mut fetched = 0;
            while let Some(row) = rows.try_next().await? {
                fetched += 1;
                source.encoder.row(&row).map_err(DatabaseError::from)?;
                if source.encoder.is_full() {
                    hand_over(&chunks, source.encoder.take()).await?;
                }
            }
            if fetched < BATCH {
                break;
            }
        }
    }
    hand_over(&chunks, source.encoder.take()).await?;
    Ok(snapshot.end().await?)
}

async fn hand_over(chunks: &mpsc::Sender<Bytes>, chunk: Vec<u8>) -> Result<(), Broken> {
    if chunk.is_empty() {
        return Ok(());
    }
    let sent = tokio::time::timeout(PATIENCE, chunks.send(chunk.into())).await.map_err(|_| Broken::Stalled)?;
    sent.map_err(|_| Broken::Left)
}
