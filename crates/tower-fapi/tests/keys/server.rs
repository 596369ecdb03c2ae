//! An issuer's web server that follows a script, spoken byte by byte so that it can misbehave.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// What the server does about a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes, then the end.
    Bytes(Vec<u8>),
    /// These bytes, then one more every 20 ms for ever.
    Drip(Vec<u8>),
    /// These bytes, then as many more as the client takes.
    Endless(Vec<u8>),
    /// Nothing, and the connection stays open.
    Silence,
}

impl Reply {
    /// A 200 response with a JSON body.
    pub(crate) fn json(body: impl AsRef<str>) -> Self {
        Self::json_with("", body)
    }

    /// The same with header lines of one's own.
    pub(crate) fn json_with(headers: &str, body: impl AsRef<str>) -> Self {
        let headers = format!("content-type: application/json\r\n{headers}");
        Self::of("200 OK", &headers, body)
    }

    pub(crate) fn status(status: &str) -> Self {
        Self::of(status, "", "")
    }

    pub(crate) fn redirect(target: &str) -> Self {
        Self::of("302 Found", &format!("location: {target}\r\n"), "")
    }

    pub(crate) fn of(status: &str, headers: &str, body: impl AsRef<str>) -> Self {
        let body = body.as_ref();
        let length = body.len();
        let close = "connection: close\r\n";
        Self::Bytes(
            format!("HTTP/1.1 {status}\r\n{close}content-length: {length}\r\n{headers}\r\n{body}")
                .into(),
        )
    }

    /// The beginning of a JSON response whose body ends with the connection.
    pub(crate) fn open_json() -> Vec<u8> {
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{\"keys\":["
            .to_vec()
    }
}

/// A server on a loopback address. It ends when dropped.
pub(crate) struct Server {
    origin: String,
    address: SocketAddr,
    script: Arc<Script>,
    task: AbortHandle,
}

/// The reply to a request for a path.
type Replies = dyn FnMut(&str) -> Reply + Send;

struct Script {
    reply: Mutex<Box<Replies>>,
    asked: Mutex<Vec<String>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Server {
    /// Answers each path as the script says.
    pub(crate) async fn start(reply: impl FnMut(&str) -> Reply + Send + 'static) -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into(), reply).await
    }

    /// The same at an address that is free again.
    pub(crate) async fn start_at(
        address: SocketAddr,
        reply: impl FnMut(&str) -> Reply + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let origin = format!("http://{address}");
        let script = Arc::new(Script {
            reply: Mutex::new(Box::new(reply)),
            asked: Mutex::default(),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&script);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self {
            origin,
            address,
            script,
            task: task.abort_handle(),
        }
    }

    /// Stops to listen, and says where it did.
    pub(crate) async fn stop(self) -> SocketAddr {
        self.task.abort();
        while TcpStream::connect(self.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        self.address
    }

    /// Goes on with another script.
    pub(crate) fn now(&self, reply: impl FnMut(&str) -> Reply + Send + 'static) {
        *self.script.reply.lock().unwrap() = Box::new(reply);
    }

    /// Such as `http://127.0.0.1:12345`.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The paths asked for, in their order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.script.asked.lock().unwrap().clone()
    }

    /// How often this path was asked for.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| *asked == path).count()
    }

    /// How many connections were open at one time.
    pub(crate) fn most_open(&self) -> usize {
        self.script.most_open.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Script>) {
    let open = script.open.fetch_add(1, Ordering::SeqCst) + 1;
    script.most_open.fetch_max(open, Ordering::SeqCst);
    if let Some(path) = request_path(&mut stream).await {
        script.asked.lock().unwrap().push(path.clone());
        let reply = (script.reply.lock().unwrap())(&path);
        // The client may hang up at any time.
        let _ = answer(&mut stream, reply).await;
    }
    script.open.fetch_sub(1, Ordering::SeqCst);
}

async fn request_path(stream: &mut TcpStream) -> Option<String> {
    let mut head = vec![stream.read_u8().await.ok()?];
    if head != b"G" {
        // Perhaps a TLS handshake: no HTTP server goes on with it.
        return None;
    }
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    head.split(' ').nth(1).map(str::to_owned)
}

async fn answer(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    match reply {
        Reply::Bytes(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Reply::Drip(bytes) => {
            stream.write_all(&bytes).await?;
            let mut pace = tokio::time::interval(Duration::from_millis(20));
            loop {
                pace.tick().await;
                stream.write_all(b" ").await?;
            }
        }
        Reply::Endless(bytes) => {
            stream.write_all(&bytes).await?;
            loop {
                stream.write_all(&[b' '; 4096]).await?;
            }
        }
        Reply::Silence => {
            // Until the client hangs up.
            let _ = stream.read_u8().await;
            Ok(())
        }
    }
}

/// Fails a test that would hang.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("this should not take 20 s")
}
