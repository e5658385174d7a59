//! How does the console listen, and what does it ask of slow clients?

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

use actix_web::{App, HttpServer, dev::Server, middleware::from_fn, web::Data};

use super::{Mode, ServeError, Shared, gate};
use crate::{
    app::{self, Console, Tables},
    audit::seal::{
        examination::{Examinations, Witnesses},
        outside::Folder,
    },
    auth::{
        entrance::{Audience, Entrance},
        reach::Reach,
        session_store,
    },
    db::pool::{Database, ServingRole},
    pages::{arrival::arrival, error::error_pages, guard::guard, response::security_headers},
    post::Post,
    routes,
};

/// Small pools of each worker's own beat one large shared one, and more than eight connections in all hurt.
const CONNECTIONS_A_POOL: usize = 4;

/// A request's head must be complete by then; bodies have limits of their own.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const DISCONNECT_WITHIN: Duration = Duration::from_secs(2);
/// How long requests in flight may take to finish once the console is told to stop: an export takes its time, and
/// whoever stops services kills them after a minute or so.
const FINISH_WITHIN_SECONDS: u64 = 45;
const CONNECTIONS_A_WORKER: usize = 4096;

pub(super) fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let listener = TcpListener::bind(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::AddressInUse { address },
        _ => ServeError::Bind { address, source },
    })?;
    let address = listener.local_addr().map_err(|source| ServeError::Bind { address, source })?;
    Ok((listener, address))
}

pub(super) fn run(listener: TcpListener, shared: Shared, tables: Tables) -> io::Result<Server> {
    let audience = match shared.mode {
        Mode::Demo => Audience::Demonstration,
        Mode::Plain => Audience::Public,
    };
    let reach = Reach { public_url: shared.settings.public_url.clone() };
    let post = shared.settings.smtp_url.as_ref().map(|url| Post::by(url.reveal())).transpose().map_err(io::Error::other)?;
    let program = Arc::new(app::Shared {
        registry: tables.registry,
        policy: tables.policy,
        entrance: Entrance::new(&shared.keys, reach, shared.setup_token.clone(), audience),
        keys: Arc::clone(&shared.keys),
        post,
        notices: shared.notices.clone(),
        builds: shared.builds.clone(),
        witnesses: Witnesses { signer: shared.signer.clone(), folder: Folder::under(shared.settings.data_dir()) },
        examinations: Examinations::default(),
        readers: shared.readers.clone(),
        refusals: shared.refusals.clone(),
        coverage: shared.coverage.clone(),
        environment: shared.environment().map(str::to_owned),
    });
    let server = HttpServer::new(move || {
        let database = Database::new(shared.manager(), CONNECTIONS_A_POOL, ServingRole::LoggedIn);
        let sessions = session_store::middleware(database.clone(), program.entrance.cookie_key.clone());
        App::new()
            .app_data(Data::new(shared.readiness.clone()))
            .app_data(Data::new(Console::new(database, Arc::clone(&program))))
            .configure(routes::all)
            .wrap(from_fn(guard))
            .wrap(sessions)
            .wrap(from_fn(gate::only_when_ready))
            .wrap(from_fn(error_pages))
            .wrap(from_fn(security_headers))
            .wrap(from_fn(arrival))
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
