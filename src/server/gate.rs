//! What is answered while there is no database to ask?

use std::time::Duration;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use crate::{
    app::Console,
    db::absence::Why,
    error::{Cause, PageError},
    operations::readiness::{Readiness, State},
    pages::kept,
};

const TRY_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Middleware: pages wait for the database, but probes and the files of the error page do not.
pub(super) async fn only_when_ready<B: MessageBody>(mut request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let needs_none = ["/health/", "/static/"].iter().any(|start| request.path().starts_with(start));
    let state = request.app_data::<Data<Readiness>>().map(|readiness| readiness.state());
    match state {
        // Connections that are open already may still answer.
        Some(State::Ready | State::Away { why: Why::Crowded, .. }) | None => next.call(request).await,
        Some(State::Starting { .. } | State::Away { .. }) if needs_none => next.call(request).await,
        Some(State::Starting { .. } | State::Away { .. }) => {
            if let Some(console) = request.app_data::<Data<Console>>() {
                console.database.forget_idle();
            }
            let kept = kept::while_away(&mut request).await;
            Err(PageError::Unavailable { retry_after: TRY_AGAIN_AFTER, cause: Cause::Database(Why::Away), kept, source: None }.into())
        }
    }
}
