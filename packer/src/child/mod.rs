//! Child processes: uv, pip and interpreters, run to their end. One that fails is reported whole: its command
//! line without secrets, how it ended, and the tail of its output.
//!
//! [`lines`] is for programs that report progress to people: both streams go into one pipe, so that lines keep
//! their order, and there is no standard input, so that nothing can wait for an answer. [`output`] is for
//! programs that are asked a question. Both are [`run`] with what to do at the pipes.

pub(crate) mod bounded;

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::thread::{Scope, ScopedJoinHandle};

use crate::{interrupt, threads, url};

/// How many of the last lines of its output are kept of a failed child.
const TAIL_LINES: usize = 200;
/// How many bytes of them.
const TAIL_BYTES: usize = 32 << 10;

/// A child that couldn't be started or failed.
#[derive(Debug, thiserror::Error)]
pub(crate) struct ChildError {
    /// The command line, quoted for a shell, without passwords.
    command: String,
    failure: Failure,
    /// The tail of its output.
    pub(crate) output: String,
}

#[derive(Debug)]
enum Failure {
    Start(io::Error),
    /// In words, with `it` as the subject.
    Ended(String),
}

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Failure::Start(error) => write!(f, "failed to start `{}`: {error}", self.command)?,
            Failure::Ended(how) => write!(f, "failed to run `{}`: it {how}", self.command)?,
        }
        for line in self.output.lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

impl ChildError {
    /// An error for a child that ended with success but not with a usable answer; `how` continues
    /// "it …".
    pub(crate) fn unusable(command: &Command, how: impl Into<String>, output: &[u8]) -> Self {
        Self {
            command: command_line(command),
            failure: Failure::Ended(how.into()),
            output: tail(output),
        }
    }

    /// Why the child or a thread at one of its pipes couldn't be started.
    pub(crate) fn not_started_for(&self) -> Option<&io::Error> {
        match &self.failure {
            Failure::Start(error) => Some(error),
            Failure::Ended(_) => None,
        }
    }

    fn not_started(command: &Command, error: io::Error) -> Self {
        Self {
            command: command_line(command),
            failure: Failure::Start(error),
            output: String::new(),
        }
    }
}

/// Runs `command` to its end and hands each line that it prints, without colours, to `on_line`.
///
/// # Errors
/// When it can't be started, or doesn't end with exit code 0.
pub(crate) fn lines(command: &mut Command, on_line: &mut dyn FnMut(&str)) -> Result<(), ChildError> {
    let (reader, writer) = io::pipe().map_err(|error| ChildError::not_started(command, error))?;
    let twin = writer
        .try_clone()
        .map_err(|error| ChildError::not_started(command, error))?;
    command.stdin(Stdio::null()).stdout(writer).stderr(twin);
    let ended = run(command, |command, _| {
        // The command still holds the pipe's write ends; without this the output would never end.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(((), each_line(BufReader::new(reader), on_line)))
    })?;
    ended.success(command)
}

/// Runs `command` with `input` on its standard input and returns its standard output.
///
/// # Errors
/// When it can't be started, or doesn't end with exit code 0.
pub(crate) fn output(command: &mut Command, input: &[u8]) -> Result<Vec<u8>, ChildError> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let ended = run(command, |_, child| {
        let (stdin, stderr, stdout) = (child.stdin.take(), child.stderr.take(), child.stdout.take());
        std::thread::scope(|scope| {
            let errors = beside(scope, child, move || all_of(stderr))?;
            beside(scope, child, move || {
                // A child that ends without reading its input fails for a reason of its own.
                stdin.map(|mut pipe| pipe.write_all(input))
            })?;
            let mut answer = Vec::new();
            stdout.map(|mut pipe| pipe.read_to_end(&mut answer));
            let errors = errors.join().unwrap_or_default();
            let reported = if errors.is_empty() { answer.clone() } else { errors };
            Ok((answer, reported))
        })
    })?;
    ended.success(command)
}

/// A child that has ended.
pub(crate) struct Ended<T> {
    /// What was made of its output.
    pub(crate) value: T,
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// The output to report when it failed.
    output: Vec<u8>,
}

impl<T> Ended<T> {
    /// The value, when the child ended with exit code 0.
    pub(crate) fn success(self, command: &Command) -> Result<T, ChildError> {
        if self.status.success() {
            Ok(self.value)
        } else {
            Err(self.failure(command))
        }
    }

    /// An error that reports this end.
    pub(crate) fn failure(&self, command: &Command) -> ChildError {
        ChildError::unusable(command, in_words(self.status), &self.output)
    }
}

/// Starts `command`, lets `talk` use the child's pipes until their end, and waits for it. `talk` returns a value,
/// and the output to report when the child failed.
///
/// # Errors
/// When the child can't be started, or `talk` fails.
pub(crate) fn run<T>(
    command: &mut Command,
    talk: impl FnOnce(&mut Command, &mut Child) -> io::Result<(T, Vec<u8>)>,
) -> Result<Ended<T>, ChildError> {
    interrupt::wait_if_received();
    let mut child = command
        .spawn()
        .map_err(|error| ChildError::not_started(command, error))?;
    let talked = talk(command, &mut child);
    let status = child
        .wait()
        .map_err(|error| ChildError::not_started(command, error))?;
    let (value, output) = talked.map_err(|error| ChildError::not_started(command, error))?;
    interrupt::wait_if_received();
    Ok(Ended {
        value,
        status,
        output,
    })
}

/// Starts a thread that is at one of the child's pipes. Where there is none, nobody would be at the pipe: the child is
/// ended, and with it the threads at its other pipes.
///
/// # Errors
/// When the thread can't be started.
pub(crate) fn beside<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    child: &mut Child,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    threads::start(scope, work).inspect_err(|_| child.kill().unwrap_or_default())
}

/// Everything that a child writes to its standard error. What can't be read can't be reported either.
pub(crate) fn all_of(stderr: Option<ChildStderr>) -> Vec<u8> {
    let mut bytes = Vec::new();
    stderr.map(|mut pipe| pipe.read_to_end(&mut bytes));
    bytes
}

/// How a child ended: `exited with code 1`, `was killed by signal 9 (SIGKILL)`.
pub(crate) fn in_words(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exited with code {code}"),
        // Rust's own words are `signal: 9 (SIGKILL)`.
        None if status.signal().is_some() => {
            format!("was killed by {}", status.to_string().replacen(": ", " ", 1))
        }
        None => "ended in an unknown way".to_owned(),
    }
}

/// The command as one would type it, without passwords. A program's text (`python -c`) is left out.
fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| {
            let word = word.to_string_lossy();
            if word.contains('\n') {
                return "…".to_owned();
            }
            let clean = url::replaced(&word, |found| {
                if found.starts_with("file:") {
                    found.to_owned()
                } else {
                    url::scrubbed(found, url::MASK)
                }
            });
            shlex::try_quote(&clean).map_or_else(|_| clean.clone(), std::borrow::Cow::into_owned)
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Hands out each line as a reader sees it, without passwords, and returns the last ones.
fn each_line(mut reader: impl BufRead, on_line: &mut dyn FnMut(&str)) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut raw = Vec::new();
    while matches!(reader.read_until(b'\n', &mut raw), Ok(1..)) {
        let text = url::without_secrets_in(&plain(&raw));
        on_line(&text);
        if kept.len() > 2 * TAIL_BYTES {
            kept.drain(..TAIL_BYTES);
        }
        kept.extend_from_slice(text.as_bytes());
        kept.push(b'\n');
        raw.clear();
    }
    kept
}

/// The last lines of some output, without passwords.
fn tail(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(&output[output.len().saturating_sub(TAIL_BYTES)..]).into_owned();
    let lines: Vec<&str> = text.trim().lines().collect();
    let last = &lines[lines.len().saturating_sub(TAIL_LINES)..];
    url::without_secrets_in(&last.join("\n"))
}

/// One line as a reader sees it: without escape sequences, and of a progress line only the last state.
fn plain(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let text = text.trim_end_matches(['\n', '\r']);
    let text = text.rsplit('\r').next().unwrap_or(text);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
        } else if chars.next_if_eq(&'[').is_some() {
            // CSI: parameters, then one final byte in `@`..`~`.
            while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
        } else {
            chars.next();
        }
    }
    out
}

#[cfg(test)]
mod tests;
