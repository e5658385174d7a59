//! What stands between the console and PostgreSQL, and loses what it is told to lose?

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::AbortHandle,
};

/// What becomes of a COMMIT behind a statement that carries the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// It never arrives, and the connection breaks.
    Commit,
    /// It is done, and the connection breaks before anybody hears of it.
    Answer,
    /// It is done, and nobody ever hears anything again; the connection stays.
    EveryWord,
}

#[derive(Debug, Clone)]
struct Trap {
    mark: Vec<u8>,
    loss: Loss,
}

/// Shared with every connection.
struct State {
    upstream: Mutex<PathBuf>,
    trap: Mutex<Option<Trap>>,
    /// How often silence fell; connections that have lived through one never speak again.
    silences: watch::Sender<u32>,
    is_silent: watch::Sender<bool>,
}

pub struct Proxy {
    port: u16,
    state: Arc<State>,
    accepting: AbortHandle,
}

impl Proxy {
    /// In front of a server's Unix socket.
    pub async fn before(upstream: &Path) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State {
            upstream: Mutex::new(upstream.to_owned()),
            trap: Mutex::new(None),
            silences: watch::Sender::new(0),
            is_silent: watch::Sender::new(false),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state))).abort_handle();
        Proxy { port, state, accepting }
    }

    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// From now on nothing comes through, and nobody is told so: what is sent is taken and lost.
    pub fn fall_silent(&self) {
        self.state.is_silent.send_replace(true);
        self.state.silences.send_modify(|count| *count += 1);
    }

    /// New connections come through again; the old ones stay dead, as behind a router that forgot them.
    pub fn speak(&self) {
        self.state.is_silent.send_replace(false);
    }

    /// New connections go to another server.
    pub fn lead_to(&self, upstream: &Path) {
        *self.state.upstream.lock().expect("nobody panicked with it") = upstream.to_owned();
    }

    /// Once: the COMMIT behind what carries `mark` meets this fate.
    pub fn lose(&self, loss: Loss, mark: &str) {
        *self.state.trap.lock().expect("nobody panicked with it") = Some(Trap { mark: mark.as_bytes().to_vec(), loss });
    }

    /// Whether what was to be lost has been.
    pub fn has_lost(&self) -> bool {
        self.state.trap.lock().expect("nobody panicked with it").is_none()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else { return };
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let mut silences = state.silences.subscribe();
            silences.mark_unchanged();
            if *state.is_silent.borrow() {
                return never(client).await;
            }
            let upstream = state.upstream.lock().expect("nobody panicked with it").clone();
            let Ok(server) = UnixStream::connect(upstream).await else { return };
            let mut ends = (client, server);
            tokio::select! {
                () = forward(&mut ends, &state) => {}
                _ = silences.changed() => never(ends).await,
            }
        });
    }
}

/// Keeps both ends open without a word.
async fn never<T>(_kept: T) {
    std::future::pending().await
}

async fn forward(ends: &mut (TcpStream, UnixStream), state: &State) {
    let (from_client, to_client) = ends.0.split();
    let (from_server, to_server) = ends.1.split();
    // Set before the COMMIT is passed on, so that its answer finds nobody.
    let is_deaf = AtomicBool::new(false);
    tokio::select! {
        () = ask(from_client, to_server, state, &is_deaf) => {}
        () = answer(from_server, to_client, &is_deaf) => {}
    }
}

async fn answer(mut server: impl AsyncRead + Unpin, mut client: impl AsyncWrite + Unpin, is_deaf: &AtomicBool) {
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = server.read(&mut chunk).await {
        if is_deaf.load(Ordering::SeqCst) {
            return never(()).await;
        }
        if client.write_all(&chunk[..length]).await.is_err() {
            return;
        }
    }
}

const COMMIT: &[u8] = b"COMMIT\0";

/// From the console to the server, with an ear for what is being said.
async fn ask(mut client: impl AsyncRead + Unpin, mut server: impl AsyncWrite + Unpin, state: &State, is_deaf: &AtomicBool) {
    let mut said = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = client.read(&mut chunk).await {
        let trap = state.trap.lock().expect("nobody panicked with it").clone();
        let sprung = trap.filter(|trap| {
            said.extend_from_slice(&chunk[..length]);
            let marked = said.windows(trap.mark.len()).position(|window| window == trap.mark);
            marked.is_some_and(|at| said[at..].windows(COMMIT.len()).any(|window| window == COMMIT))
        });
        is_deaf.fetch_or(sprung.is_some(), Ordering::SeqCst);
        let loss = sprung.map(|trap| trap.loss);
        if loss != Some(Loss::Commit) && server.write_all(&chunk[..length]).await.is_err() {
            return;
        }
        if let Some(loss) = loss {
            *state.trap.lock().expect("nobody panicked with it") = None;
            match loss {
                Loss::Commit | Loss::Answer => return,
                Loss::EveryWord => return never(()).await,
            }
        }
    }
}
