//! A process with a deadline: its input written and its output read at the same time, so that no pipe fills up.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How a process ended, and what it said.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The command line, for messages.
    pub command: String,
    /// Exit code or signal.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Outcome {
    /// Standard output as text.
    #[must_use]
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    #[must_use]
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Standard output as JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_slice(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("standard output is not JSON: {error}\n{}", self.report()),
        }
    }

    /// Everything, for a message.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = format!("command: {}\nended:   {}\n", self.command, self.ended());
        for (name, bytes) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(4000)]);
            write!(text, "--- {name}, {} bytes\n{shown}\n", bytes.len()).unwrap();
        }
        text
    }

    fn ended(&self) -> String {
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("exit {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "in an unknown way".to_owned(),
        }
    }
}

/// A process that runs.
pub(crate) struct Started {
    pub(crate) child: Child,
    command: String,
    ended: bool,
    stdout: Stream,
    stderr: Stream,
}

/// What was read so far, and who reads.
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

#[track_caller]
pub(crate) fn start(mut command: Command, input: Vec<u8>) -> Started {
    let words = format!("{command:?}");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = match spawn(&mut command) {
        Ok(child) => child,
        Err(error) => panic!("failed to start {words}: {error}"),
    };
    let mut stdin = child.stdin.take().unwrap();
    // A program that doesn't read its input is no failure here.
    thread::spawn(move || stdin.write_all(&input).unwrap_or_default());
    let (stdout, stderr) = (
        Stream::of(child.stdout.take().unwrap()),
        Stream::of(child.stderr.take().unwrap()),
    );
    Started {
        child,
        command: words,
        ended: false,
        stdout,
        stderr,
    }
}

/// A test that has just written a program may find it busy: another test's child that was forked meanwhile holds
/// the descriptor which it was written through, until that child's own `execve`.
fn spawn(command: &mut Command) -> std::io::Result<Child> {
    let begin = Instant::now();
    loop {
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && begin.elapsed().as_secs() < 10 => {
                thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

impl Stream {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut block = vec![0; 65_536];
            loop {
                let length = pipe.read(&mut block).unwrap();
                if length == 0 {
                    return;
                }
                shared.lock().unwrap().extend_from_slice(&block[..length]);
            }
        });
        Self {
            bytes,
            reader: Some(reader),
        }
    }

    /// All of it, when the last writer is gone.
    fn finish(&mut self) -> Vec<u8> {
        self.reader.take().unwrap().join().unwrap();
        std::mem::take(&mut self.bytes.lock().unwrap())
    }
}

impl Started {
    /// Whether standard output holds this by now.
    pub(crate) fn has_said(&self, part: &[u8]) -> bool {
        self.stdout
            .bytes
            .lock()
            .unwrap()
            .windows(part.len())
            .any(|window| window == part)
    }

    /// What standard output holds by now.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.stdout.bytes.lock().unwrap()).into_owned()
    }

    /// Waits for the end; a process that is still there after `limit` is killed, which fails the test.
    #[track_caller]
    pub(crate) fn wait(mut self, limit: Duration) -> Outcome {
        let begin = Instant::now();
        let mut pause = Duration::from_micros(500);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if begin.elapsed() > limit {
                self.child.kill().unwrap();
                self.child.wait().unwrap();
                self.ended = true;
                panic!("still running after {limit:?}: {}", self.command);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        self.ended = true;
        let (stdout, stderr) = (self.stdout.finish(), self.stderr.finish());
        Outcome {
            command: self.command.clone(),
            status,
            stdout,
            stderr,
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // A test that failed half-way leaves no process behind; one that has ended already can't be killed.
        if !self.ended && self.child.kill().is_ok() {
            self.child.wait().unwrap();
        }
    }
}
