//! What waits for a decision, who is asked, and what happens when they give it?

mod counts;
mod desk;
mod difference;
mod item;
mod life;
mod page;
mod query;
mod row;
mod send;
mod waiting;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};

pub use counts::{QueueCounts, link, refresh};
pub use life::{LifeView, life};
pub use row::Row;
pub use waiting::{Beginning, beginning};

use desk::{Desk, Open};

use super::{query as parameters, record::record_id, visit::Visit};
use crate::{app::Console, error::PageError};

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(web::Data::new(QueueCounts::default()))
        .service(web::resource("/approvals").get(queue))
        .service(web::resource("/approvals/{transaction}").get(show).post(send::send));
}

/// `GET /approvals`
async fn queue(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    counts: web::Data<QueueCounts>,
) -> Result<HttpResponse, PageError> {
    let pairs = parameters::pairs(&request)?;
    let desk = Desk::open(&request, &console, &visit, &counts, &pairs).await?;
    if let Some(place) = desk.settled() {
        return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, place)).finish());
    }
    desk.show(Open::First, StatusCode::OK, None).await
}

/// `GET /approvals/{transaction}`
async fn show(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    counts: web::Data<QueueCounts>,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let transaction = record_id(&path)?;
    let pairs = parameters::pairs(&request)?;
    let desk = Desk::open(&request, &console, &visit, &counts, &pairs).await?;
    desk.show(Open::Item(transaction), StatusCode::OK, None).await
}
