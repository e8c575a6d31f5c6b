//! A server on this machine that says what a test wants it to, and sets that have their home there.

use cloze_corpus::registry::{Home, KnownSource, RemoteFile, Use};
use cloze_fetch::{Event, Outcome, Patience, fetch};
use cloze_foundation::Result;
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as a server sees it.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked for, with its `/`.
    pub path: String,
    /// The first byte that is asked for.
    pub from: Option<u64>,
}

/// What a server sends, byte by byte.
pub type Reply = Vec<u8>;

/// A server that lives as long as the test's process.
pub struct Server {
    /// Its address, with a `/` at the end.
    pub base: &'static str,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// A server that answers each request, counted from 0, and closes the connection.
    pub fn new(answer: impl Fn(&Request, usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let requests = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = read(&mut stream) else { continue };
                let number = requests.lock().unwrap().len();
                requests.lock().unwrap().push(request.clone());
                let reply = answer(&request, number);
                // A client may have heard enough.
                let _ = stream.write_all(&reply).and_then(|()| stream.flush());
                let _ = stream.shutdown(std::net::Shutdown::Write);
                let _ = stream.take(1 << 16).read_to_end(&mut Vec::new());
            }
        });
        Self {
            base: base.leak(),
            seen,
        }
    }

    /// What was asked for so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut from = None;
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            break;
        }
        if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().ok();
        }
    }
    Some(Request { path, from })
}

/// An answer with a head and a body.
pub fn reply(status: &str, headers: &[String], body: &[u8]) -> Reply {
    let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for header in headers {
        head += &format!("{header}\r\n");
    }
    [format!("{head}\r\n").as_bytes(), body].concat()
}

/// The whole of a file, or what a range asks for.
pub fn whole(request: &Request, body: &[u8]) -> Reply {
    let from = request.from.unwrap_or(0) as usize;
    match request.from {
        _ if from > 0 && from >= body.len() => reply("416 Range Not Satisfiable", &[], b""),
        None => reply("200 OK", &[length(body)], body),
        Some(_) => {
            let range = format!("Content-Range: bytes {from}-{}/{}", body.len() - 1, body.len());
            reply("206 Partial Content", &[length(&body[from..]), range], &body[from..])
        }
    }
}

/// The header that says how long a body is.
pub fn length(body: &[u8]) -> String {
    format!("Content-Length: {}", body.len())
}

/// 100,000 bytes that repeat only after a while.
pub fn bytes() -> Vec<u8> {
    (0..100_000_u32).map(|n| (n % 251) as u8).collect()
}

/// A file as a registry would have it.
pub fn file(name: &'static str, body: &[u8]) -> RemoteFile {
    let hash: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    RemoteFile::plain(name, body.len() as u64, hash.leak())
}

/// A set of these files.
pub fn set(base: &'static str, files: Vec<RemoteFile>) -> KnownSource {
    KnownSource {
        name: "test",
        used_as: Use::Labelled,
        path: Some("deep/test"),
        what: "what tests fetch",
        licence: "CC0",
        address: "a server of the test",
        citation: "nobody",
        home: Some(Home {
            base,
            files: files.leak(),
        }),
    }
}

/// Patience that no test notices.
pub const IMPATIENT: Patience = Patience {
    silence: Duration::from_millis(700),
    attempts: 3,
    wait: Duration::from_millis(1),
};

/// Fetches, and says what was told.
pub fn fetched(known: &KnownSource, root: &Path) -> (Result<Outcome>, Vec<Event>) {
    let mut told = Vec::new();
    let outcome = fetch(known, root, None, IMPATIENT, &mut |event| told.push(event));
    (outcome, told)
}
