//! How does a part of the trail leave as a file: recorded first, in one snapshot, and never cut short unseen?

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use bytes::Bytes;
use chrono::Utc;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::{asked, permitted};
use crate::{
    app::Console,
    audit::{
        entry::Log,
        trail::{TrailGrant, driver::Driver, export, place::Position, slice::Slice},
    },
    auth::policy::Action,
    db::{
        event::event,
        pool::{Connection, DatabaseError},
        snapshot::Snapshot,
        write::Write,
    },
    error::PageError,
    pages::{
        export::{Broken, Exports, Writer, body, hand_over},
        query,
        visit::Visit,
    },
    resource::{
        Column, Registry,
        export::{Encoder, Format},
        request::BadQuery,
    },
};

/// `GET /audit/export.{format}`
pub async fn export(
    request: HttpRequest,
    visit: Visit,
    console: web::Data<Console>,
    exports: web::Data<Exports>,
    format: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    // A trail has no end that a sheet could be sure to hold.
    let format = Format::named(&format).filter(|format| format.most_rows().is_none());
    let format = format.ok_or_else(|| PageError::not_found("export in this format"))?;
    let grant = permitted(&console, &visit, Action::Export)?;
    let pairs = query::pairs(&request)?;
    let zone = visit.actor.preferences.time_zone;
    let query = asked(&pairs, zone, Utc::now()).map_err(|wrong| BadQuery { parameter: "q".to_owned(), problem: wrong.to_string() })?;
    if let Some((name, _)) = pairs.iter().find(|(name, value)| name != "q" && !value.is_empty()) {
        return Err(PageError::bad_request(format!("An export of the trail knows no parameter “{name}”")));
    }
    let permit = exports.permit()?;
    let connection = console.database.read().await?;
    let slice = Slice::of(&connection, &query, visit.actor.id).await?;
    let columns = export::columns(&console.registry);
    let log = console.registry.find(Log::Main.table()).ok_or_else(|| PageError::not_found("trail in this console"))?;
    let encoder = Encoder::new(format, log, columns.clone()).map_err(PageError::internal)?;
    let registry = console.registry.clone();
    let source = Source { connection, grant, slice, registry, encoder, _permit: permit };
    let (chunks, arriving) = mpsc::channel(1);
    let (begins, begun) = oneshot::channel();
    let writer = Writer(actix_web::rt::spawn(write(source, begins, chunks)));
    begun.await.map_err(PageError::internal)??;
    record(&console, &visit, &query.to_string(), &columns, format).await?;
    let day = Utc::now().with_timezone(&zone).format("%Y-%m-%d");
    let name = format!("attachment; filename=\"audit-trail-{day}.{}\"", format.extension());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, format.media_type()))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(body(arriving, writer)))
}

/// Writes down who takes what, before the first byte leaves.
async fn record(console: &Console, visit: &Visit, query: &str, columns: &[&'static Column], format: Format) -> Result<(), DatabaseError> {
    let columns: Vec<&str> = std::iter::once("id").chain(columns.iter().map(|column| column.name)).collect();
    let details = json!({ "table": "audit_trail", "format": format.extension(), "query": query, "columns": columns });
    let write = Write::begin(&console.database, &visit.origin).await?;
    event(&write, "export", &details).await?;
    write.commit().await
}

/// Everything one file is written from.
struct Source {
    connection: Connection,
    grant: TrailGrant,
    slice: Slice,
    registry: Registry,
    encoder: Encoder,
    _permit: OwnedSemaphorePermit,
}

async fn write(mut source: Source, begins: oneshot::Sender<Result<(), DatabaseError>>, chunks: mpsc::Sender<Bytes>) -> Result<(), Broken> {
    let begun = async {
        let snapshot = Snapshot::take(&mut source.connection).await?;
        snapshot.plan_each_time().await?;
        let driver = Driver::of(&snapshot, source.grant, source.slice).await?;
        Ok((snapshot, driver))
    };
    let (snapshot, driver) = match begun.await {
        Ok(begun) => begun,
        // Whoever asked hears of it there, and takes no file.
        Err(error) => return begins.send(Err(error)).map_err(|_| Broken::Left),
    };
    begins.send(Ok(())).map_err(|_| Broken::Left)?;
    let mut position = Position::First;
    loop {
        let (rows, next) = export::batch(&snapshot, source.grant, &source.registry, &driver, position).await?;
        for row in &rows {
            source.encoder.row(row)?;
            if source.encoder.is_full() {
                hand_over(&chunks, source.encoder.take()).await?;
            }
        }
        match next {
            Some(place) => position = Position::After(place),
            None => break,
        }
    }
    // The snapshot ends before the file does: what is wrong with it at the very end still breaks the file off.
    snapshot.end().await?;
    hand_over(&chunks, source.encoder.finish()?).await
}
