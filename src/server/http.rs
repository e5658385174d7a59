//! How does the console listen, and what does it ask of slow clients?

use std::{
    io,
    net::{SocketAddr, TcpListener},
    thread,
    time::Duration,
};

use actix_web::{App, HttpServer, dev::Server, web::Data};

use super::{ServeError, Shared};
use crate::{app, operations::health};

/// A request's head must be complete by then; bodies have limits of their own.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const DISCONNECT_WITHIN: Duration = Duration::from_secs(2);
/// How long requests in flight may take to finish once the console is told to stop.
const FINISH_WITHIN_SECONDS: u64 = 10;
const CONNECTIONS_A_WORKER: usize = 4096;

pub(super) fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let listener = TcpListener::bind(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::AddressInUse { address },
        _ => ServeError::Bind { address, source },
    })?;
    let address = listener.local_addr().map_err(|source| ServeError::Bind { address, source })?;
    Ok((listener, address))
}

pub(super) fn run(listener: TcpListener, shared: Shared) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(shared.readiness.clone()))
            .app_data(Data::new(app::Console::for_worker(&shared)))
            .configure(health::configure)
            .configure(app::configure)
    })
    .workers(workers())
    .max_connections(CONNECTIONS_A_WORKER)
    .client_request_timeout(HEAD_WITHIN)
    .client_disconnect_timeout(DISCONNECT_WITHIN)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(FINISH_WITHIN_SECONDS)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(server)
}

/// One for each core, within what a small pool for each still makes sense.
fn workers() -> usize {
    thread::available_parallelism().map_or(2, usize::from).clamp(2, 4)
}
