//! Runs a child to its end and, when it fails, reports it whole: its command line, how it ended in words,
//! and the tail of what it said.

use std::fmt;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

/// Lines of output that a report shows.
const TAIL_LINES: usize = 20;
/// Bytes of output that a report shows.
const TAIL_BYTES: usize = 4096;

/// A child that couldn't be started, or ended with anything but success.
#[derive(Debug, thiserror::Error)]
pub struct ChildError {
    /// The command line, quoted for a shell.
    pub command: String,
    /// How it ended.
    pub end: End,
    /// The tail of its output.
    pub tail: String,
}

/// How a child ended.
#[derive(Debug)]
pub enum End {
    /// It never began.
    NotStarted(std::io::Error),
    /// It ended by itself or by a signal.
    Status(ExitStatus),
    /// It ended with success and yet didn't say what it was asked for.
    Unusable(String),
}

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.command, self.end)?;
        for line in self.tail.lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(error) => write!(f, "didn't start: {error}"),
            Self::Status(status) => f.write_str(&in_words(*status)),
            Self::Unusable(what) => f.write_str(what),
        }
    }
}

/// Runs `command` with `input` on its standard input and returns its standard output.
///
/// # Errors
/// [`ChildError`] when it can't be started or doesn't end with success.
pub fn output(command: &mut Command, input: &[u8]) -> Result<Vec<u8>, ChildError> {
    let line = command_line(command);
    let fail = |end: End, tail: &[u8]| ChildError {
        command: line.clone(),
        end,
        tail: tail_of(tail),
    };
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| fail(End::NotStarted(error), b""))?;
    let stdin = child.stdin.take();
    let stderr = child.stderr.take();
    let (output, complaints) = std::thread::scope(|scope| {
        scope.spawn(move || {
            // A child that ends without reading its input has its own story to tell; this error is not it.
            stdin.map(|mut pipe| pipe.write_all(input))
        });
        let complaints = scope.spawn(move || {
            let mut bytes = Vec::new();
            stderr.map(|mut pipe| pipe.read_to_end(&mut bytes));
            bytes
        });
        (child.wait_with_output(), complaints.join().unwrap_or_default())
    });
    let output = output.map_err(|error| fail(End::NotStarted(error), b""))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = if complaints.is_empty() {
        output.stdout
    } else {
        complaints
    };
    Err(fail(End::Status(output.status), &said))
}

/// `exited with code 1`, `was killed by signal 9`.
#[must_use]
pub fn in_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended in an unknown way".to_owned(),
    }
}

/// The command line as one would type it.
#[must_use]
pub fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted: Vec<String> = words.map(|word| quote(&word.to_string_lossy())).collect();
    quoted.join(" ")
}

/// The last lines of some output.
#[must_use]
pub fn tail_of(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(&output[output.len().saturating_sub(TAIL_BYTES)..]).into_owned();
    let lines: Vec<&str> = text.trim().lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn success_gives_the_output() {
        assert_eq!(output(&mut Command::new("cat"), b"hello").unwrap(), b"hello");
        let large = vec![7; 1 << 20];
        assert_eq!(output(&mut Command::new("cat"), &large).unwrap(), large);
    }

    #[test]
    fn failure_is_reported_whole() {
        let error = output(&mut shell("echo so sad >&2; exit 3"), b"unread").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c 'echo so sad >&2; exit 3'` exited with code 3\n  so sad"
        );
        let error = output(&mut shell("kill -9 $$"), b"").unwrap_err();
        assert_eq!(error.to_string(), "`sh -c 'kill -9 $$'` was killed by signal 9");
        let error = output(&mut Command::new("/nowhere/python3"), b"").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`/nowhere/python3` didn't start: No such file"),
            "{error}"
        );
    }
}
