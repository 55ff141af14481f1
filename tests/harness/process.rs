//! A process with a deadline: its input written and its output read at the same time, so that no pipe fills up.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
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
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("standard output is not JSON: {error}\n{}", self.report()))
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
    streams: Option<(JoinHandle<Vec<u8>>, JoinHandle<Vec<u8>>)>,
}

pub(crate) fn start(mut command: Command, input: Vec<u8>) -> Started {
    let words = format!("{command:?}");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("failed to start {words}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    // A program that doesn't read its input is no failure here.
    thread::spawn(move || stdin.write_all(&input).unwrap_or_default());
    let streams = Some((drain(child.stdout.take().unwrap()), drain(child.stderr.take().unwrap())));
    Started { child, command: words, streams }
}

fn drain(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

impl Started {
    /// Waits for the end; a process that is still there after `limit` is killed, which fails the test.
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
                panic!("still running after {limit:?}: {}", self.command);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        let (stdout, stderr) = self.streams.take().unwrap();
        let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
        Outcome { command: self.command.clone(), status, stdout, stderr }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // A test that failed half-way leaves no process behind; one that has ended already can't be killed.
        if self.streams.is_some() && self.child.kill().is_ok() {
            self.child.wait().unwrap();
        }
    }
}
