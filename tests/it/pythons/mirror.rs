//! A mirror of python-build-standalone on 127.0.0.1, which ends with the test. What it has is given; what it does wrong
//! is, too.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use harness::{Compression, Interpreter, archive};
use sha2::{Digest, Sha256};

/// A release that no pyship knows.
pub(crate) const RELEASE: u32 = 20_990_101;

/// What goes wrong with a request for an archive.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The connection ends in the middle.
    BreaksOff,
    /// `500 Internal Server Error`
    Fails,
    /// `302 Found`, to another path.
    Redirects,
    /// Nothing comes until the client goes.
    FallsSilent,
}

/// The server.
pub(crate) struct Mirror {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    server: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    faults: VecDeque<Fault>,
    asked: Vec<String>,
    is_over: bool,
}

/// `3.12.1+20990101`, of an interpreter of this machine.
pub(crate) fn spec(interpreter: &Interpreter) -> String {
    format!("{}+{RELEASE}", interpreter.full())
}

/// The name of its build for this machine.
pub(crate) fn build(interpreter: &Interpreter) -> String {
    format!(
        "cpython-{}-{}-unknown-linux-gnu",
        spec(interpreter),
        std::env::consts::ARCH
    )
}

/// The bytes of its archive.
pub(crate) fn bytes(interpreter: &Interpreter) -> Vec<u8> {
    fs_err::read(archive(interpreter, Compression::Gzip)).unwrap()
}

/// A line of `SHA256SUMS`.
pub(crate) fn sum(bytes: &[u8], name: &str) -> String {
    let digest: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{digest}  {name}\n")
}

impl Mirror {
    /// One that has `RELEASE` with this interpreter.
    pub(crate) fn of(interpreter: &Interpreter) -> Self {
        let name = format!("{}-install_only_stripped.tar.gz", build(interpreter));
        let bytes = bytes(interpreter);
        let sums = sum(&bytes, &name);
        Self::with([
            (format!("{RELEASE}/{name}"), bytes),
            (format!("{RELEASE}/SHA256SUMS"), sums.into_bytes()),
        ])
    }

    /// One that has these files, by their paths.
    pub(crate) fn with(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            files: files.into_iter().collect(),
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        let server = thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.lock().unwrap().is_over {
                    return;
                }
                answer(&stream.unwrap(), &shared);
            }
        });
        Self {
            url,
            state,
            server: Some(server),
        }
    }

    /// The next requests for archives go wrong like this, one after the other.
    pub(crate) fn fault(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.lock().unwrap().faults.extend(faults);
    }

    /// Each request since the last call: path, and the range that was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.state.lock().unwrap().is_over = true;
        let address = self.url.trim_start_matches("http://");
        TcpStream::connect(address).unwrap();
        self.server.take().unwrap().join().unwrap();
    }
}

fn answer(mut stream: &TcpStream, state: &Mutex<State>) {
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let first = lines.next().unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default();
    let path = path.trim_start_matches('/').replace("%2B", "+");
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let range = headers.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let start = value.strip_prefix("bytes=")?.strip_suffix('-')?;
        name.eq_ignore_ascii_case("range")
            .then(|| start.parse::<usize>().unwrap())
    });
    let mut state = state.lock().unwrap();
    state.asked.push(match range {
        Some(start) => format!("{path} from {start}"),
        None => path.clone(),
    });
    let fault = if path.ends_with(".tar.gz") {
        state.faults.pop_front()
    } else {
        None
    };
    let found = state.files.get(path.trim_start_matches("elsewhere/")).cloned();
    drop(state);
    let (status, body) = match (fault, found) {
        (Some(Fault::Fails), _) => ("500 Internal Server Error".to_owned(), Vec::new()),
        (Some(Fault::Redirects), _) => (format!("302 Found\r\nLocation: /elsewhere/{path}"), Vec::new()),
        (Some(Fault::FallsSilent), _) => {
            // The client goes.
            let mut rest = String::new();
            BufReader::new(stream).read_line(&mut rest).unwrap_or_default();
            return;
        }
        (_, None) => ("404 Not Found".to_owned(), Vec::new()),
        (_, Some(bytes)) => match range {
            Some(start) => {
                let last = bytes.len() - 1;
                let head = format!(
                    "206 Partial Content\r\nContent-Range: bytes {start}-{last}/{}",
                    bytes.len()
                );
                (head, bytes[start..].to_vec())
            }
            None => ("200 OK".to_owned(), bytes),
        },
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let sent = match fault {
        Some(Fault::BreaksOff) => &body[..body.len() / 2],
        _ => &body,
    };
    // The client may have gone.
    stream
        .write_all(&[head.as_bytes(), sent].concat())
        .unwrap_or_default();
}
