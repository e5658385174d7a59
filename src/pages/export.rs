//! How does a whole list leave as a file: recorded first, in one snapshot, and never cut short unseen?

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use bytes::Bytes;
use chrono::Utc;
use futures_util::{Stream, TryStreamExt, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::{JoinError, JoinHandle},
};

use super::{
    browse::{check, find},
    query,
    shown::Viewer,
    urls,
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
    error::{Cause, PageError, WayOn},
    resource::{
        Column, Resource,
        export::{self, Encoder, ExportError, Format},
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

impl Exports {
    /// One more, as long as what is answered is kept.
    ///
    /// # Errors
    /// `Unavailable` where as many as one worker takes are under way.
    pub fn permit(&self) -> Result<OwnedSemaphorePermit, PageError> {
        self.0.clone().try_acquire_owned().map_err(|_| busy())
    }
}

impl Default for Exports {
    fn default() -> Self {
        Exports(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// `GET /tables/{table}/export.{format}`
pub async fn export(
    request: HttpRequest,
    visit: Visit,
    console: web::Data<Console>,
    exports: web::Data<Exports>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let resource = find(&console, &path.0)?;
    let format = Format::named(&path.1).ok_or_else(|| PageError::not_found("export in this format"))?;
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
    let permit = exports.permit()?;
    let columns: Vec<_> = export::columns(resource).filter(|column| viewer.may_see(column)).collect();
    let query = asked.query.without(&["limit", "columns"]);
    let source = Source {
        connection: console.database.read().await?,
        grant,
        asked,
        encoder: Encoder::new(format, resource, columns.clone()).map_err(PageError::internal)?,
        room: format.most_rows(),
        _permit: permit,
    };
    let (file, begun) = begin(source);
    match begun.await.map_err(PageError::internal)?? {
        Fits::Yes => {}
        Fits::No => return Err(too_long(resource, &query)),
    }
    record(&console, &visit, &query, &columns, format, resource.table).await?;
    let day = now.with_timezone(&visit.actor.preferences.time_zone).format("%Y-%m-%d");
    let name = format!("attachment; filename=\"{}-{day}.{}\"", resource.table, format.extension());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, format.media_type()))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(file))
}

fn busy() -> PageError {
    PageError::Unavailable { retry_after: Duration::from_secs(10), cause: Cause::Crowd, kept: None, source: None }
}

fn too_long(resource: &'static Resource, query: &Query) -> PageError {
    let what = "A sheet of a workbook holds 1,048,575 rows, and this list has more. CSV has no such limit; or filter the list first.";
    let ways = vec![
        WayOn::new("Export it as CSV", urls::export_url(resource, Format::Csv, query)),
        WayOn::new("Back to the list, to filter it", urls::list_of(resource, query)),
    ];
    PageError::DoesNotFit { what: what.to_owned(), ways }
}

/// Writes down who takes what, before the first byte leaves.
async fn record(
    console: &Console,
    visit: &Visit,
    query: &Query,
    columns: &[&'static Column],
    format: Format,
    table: &'static str,
) -> Result<(), DatabaseError> {
    let columns: Vec<&str> = std::iter::once("id").chain(columns.iter().map(|column| column.name)).collect();
    let details = serde_json::json!({
        "table": table,
        "format": format.extension(),
        "query": query.to_suffix().trim_start_matches('?'),
        "columns": columns,
    });
    let write = Write::begin(&console.database, &visit.origin).await?;
    event(&write, "export", &details).await?;
    write.commit().await
}

/// Why a file ended before its last row.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("a row cannot be written")]
    Row(#[from] ExportError),
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
    /// How many rows the file has room for, where that is limited.
    room: Option<u32>,
    _permit: OwnedSemaphorePermit,
}

/// Whether all rows go into one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fits {
    /// Or nobody could tell in time: then the encoder refuses the row too many, and the transfer breaks off.
    Yes,
    No,
}

/// The task that writes; it ends with the body that it writes for.
pub(super) struct Writer(pub(super) JoinHandle<Result<(), Broken>>);

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins a file: its bytes as they come, and, before the first of them, whether there will be any.
fn begin(source: Source) -> (impl Stream<Item = Result<Bytes, Broken>>, oneshot::Receiver<Result<Fits, DatabaseError>>) {
    let (chunks, arriving) = mpsc::channel(1);
    let (begins, begun) = oneshot::channel();
    // A task of its own: a body is not asked for more while its reader stalls, and could not lose patience.
    let writer = Writer(actix_web::rt::spawn(write(source, begins, chunks)));
    (body(arriving, writer), begun)
}

/// Only the writer's word that the last row is out ends a file; its failure is an error of the body, which breaks the
/// transfer off, so that what was cut short never looks whole.
pub(super) fn body(arriving: mpsc::Receiver<Bytes>, writer: Writer) -> impl Stream<Item = Result<Bytes, Broken>> {
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

async fn write(
    mut source: Source,
    begins: oneshot::Sender<Result<Fits, DatabaseError>>,
    chunks: mpsc::Sender<Bytes>,
) -> Result<(), Broken> {
    let snapshot = Snapshot::take(&mut source.connection).await;
    let fits = match &snapshot {
        Ok(snapshot) => fits(snapshot, &source.grant, &source.asked, source.room).await,
        Err(_) => Ok(Fits::Yes),
    };
    let (snapshot, fits) = match (snapshot, fits) {
        (Ok(snapshot), Ok(fits)) => (snapshot, fits),
        (Err(error), _) | (_, Err(error)) => {
            // Whoever asked hears of it there, and takes no file.
            return begins.send(Err(error)).map_err(|_| Broken::Left);
        }
    };
    begins.send(Ok(fits)).map_err(|_| Broken::Left)?;
    if fits == Fits::No {
        return Ok(snapshot.end().await?);
    }
    for range in source.asked.position.ranges(source.asked.order_is_nullable()) {
        let statement = Statement::export(&source.grant, &source.asked, source.encoder.columns(), &range);
        let portal = snapshot.open(statement.text(), statement.parameters()).await?;
        loop {
            let mut rows = std::pin::pin!(snapshot.fetch(&portal, BATCH).await?);
            let mut fetched = 0;
            while let Some(row) = rows.try_next().await? {
                fetched += 1;
                source.encoder.row(&row)?;
                if source.encoder.is_full() {
                    hand_over(&chunks, source.encoder.take()).await?;
                }
            }
            if fetched < BATCH {
                break;
            }
        }
    }
    // The snapshot ends before the file does: what is wrong with it at the very end still breaks the file off.
    snapshot.end().await?;
    hand_over(&chunks, source.encoder.finish()?).await
}

/// Counts no further than it matters, among the very rows the file will have.
async fn fits(snapshot: &Snapshot<'_>, grant: &Grant, asked: &ListRequest, room: Option<u32>) -> Result<Fits, DatabaseError> {
    let Some(room) = room else {
        return Ok(Fits::Yes);
    };
    let statement = Statement::count(grant, asked, room as usize);
    let counted = snapshot.attempt(statement.text(), statement.parameters()).await?;
    let count = counted.as_ref().and_then(|rows| rows.first()).map(|row| row.try_get::<_, i64>(0)).transpose()?;
    Ok(if count.is_some_and(|count| count > i64::from(room)) { Fits::No } else { Fits::Yes })
}

pub(super) async fn hand_over(chunks: &mpsc::Sender<Bytes>, chunk: Vec<u8>) -> Result<(), Broken> {
    if chunk.is_empty() {
        return Ok(());
    }
    let sent = tokio::time::timeout(PATIENCE, chunks.send(chunk.into())).await.map_err(|_| Broken::Stalled)?;
    sent.map_err(|_| Broken::Left)
}
