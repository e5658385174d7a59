//! What else can stand at an address where PostgreSQL is looked for?

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
};

/// Answers as told for as long as a test keeps it.
pub struct Listener {
    pub port: u16,
    _answering: JoinHandle<()>,
    _held: Vec<TcpStream>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self._answering.abort();
    }
}

/// A port where nobody listens.
pub fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Whether anything more came.
async fn is_asked(stream: &mut TcpStream) -> bool {
    stream.read(&mut [0; 1024]).await.is_ok_and(|length| length > 0)
}

impl Listener {
    /// Says this after whatever was asked first, and hangs up.
    pub async fn saying(words: &'static [u8]) -> Listener {
        Self::answering(move |mut stream| async move {
            if is_asked(&mut stream).await && stream.write_all(words).await.is_ok() {
                stream.shutdown().await.ok();
            }
        })
        .await
    }

    /// Accepts, and never says a word.
    pub async fn silent() -> Listener {
        Self::answering(|stream| async move {
            let _kept = stream;
            std::future::pending::<()>().await;
        })
        .await
    }

    /// A PostgreSQL of this version that lets everybody in, without TLS.
    pub async fn of_version(version: &'static str) -> Listener {
        Self::answering(move |mut stream| async move {
            // The question for TLS, then who wants in.
            if !is_asked(&mut stream).await || stream.write_all(b"N").await.is_err() || !is_asked(&mut stream).await {
                return;
            }
            let status = ["server_version\0", version, "\0"].concat();
            let length = u32::try_from(status.len() + 4).expect("short").to_be_bytes();
            let welcome =
                [&b"R\0\0\0\x08\0\0\0\0S"[..], &length, status.as_bytes(), b"K\0\0\0\x0c\0\0\0\x01\0\0\0\x01Z\0\0\0\x05I"].concat();
            if stream.write_all(&welcome).await.is_ok() {
                while is_asked(&mut stream).await {}
            }
        })
        .await
    }

    /// Drops whatever comes, as a firewall does: nothing is refused, and nothing is accepted.
    pub async fn black_hole() -> Listener {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let listener = socket.listen(1).expect("it listens");
        let port = listener.local_addr().expect("an address").port();
        let mut held = Vec::new();
        // Who is not accepted fills the queue, until nobody gets into it any more.
        while let Ok(Ok(stream)) = tokio::time::timeout(std::time::Duration::from_secs(3), TcpStream::connect(("127.0.0.1", port))).await {
            held.push(stream);
        }
        let kept = tokio::spawn(async move {
            let _listener = listener;
            std::future::pending::<()>().await;
        });
        Listener { port, _answering: kept, _held: held }
    }

    async fn answering<Answer, Answered>(answer: Answer) -> Listener
    where
        Answer: Fn(TcpStream) -> Answered + Send + 'static,
        Answered: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let answering = tokio::spawn(async move {
            let mut answers = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                answers.spawn(answer(stream));
            }
        });
        Listener { port, _answering: answering, _held: Vec::new() }
    }
}
