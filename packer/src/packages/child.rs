//! Running another program and reporting it whole when it fails.
//!
//! Its two output streams go into one pipe, so that lines keep their order; it gets no standard input, so that
//! it can't wait for an answer.

use std::io::{self, BufRead, BufReader};
use std::process::{Command, ExitStatus, Stdio};

/// How many of a failed program's last lines are reported.
const TAIL: usize = 200;

/// A program that could not be started, or that failed.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// It never ran.
    #[error("failed to start `{command}`: {source}")]
    Start {
        /// The command line.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// It ran and did not succeed.
    #[error("failed to run `{command}`: it {ending}{}", indented(output))]
    Failed {
        /// The command line, without passwords.
        command: String,
        /// How it ended, in words.
        ending: String,
        /// The end of what it said.
        output: String,
    },
}

/// Runs `command` to its end and hands each line that it prints, without colours, to `on_line`.
///
/// # Errors
/// When it can't be started, or doesn't end with exit code 0.
pub fn run(command: &mut Command, on_line: &mut dyn FnMut(&str)) -> Result<(), ChildError> {
    let line = command_line(command);
    let start_error = |source| ChildError::Start {
        command: line.clone(),
        source,
    };
    let (reader, writer) = io::pipe().map_err(start_error)?;
    let twin = writer.try_clone().map_err(start_error)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(twin)
        .spawn()
        .map_err(start_error)?;
    // The command still holds the pipe's write ends; the end of the output would never come.
    command.stdout(Stdio::null()).stderr(Stdio::null());

    let mut lines = Vec::new();
    let mut reader = BufReader::new(reader);
    let mut raw = Vec::new();
    while matches!(reader.read_until(b'\n', &mut raw), Ok(1..)) {
        let text = plain(&raw);
        on_line(&text);
        if lines.len() == 2 * TAIL {
            lines.drain(..TAIL);
        }
        lines.push(text);
        raw.clear();
    }

    let status = child.wait().map_err(|source| ChildError::Start {
        command: line.clone(),
        source,
    })?;
    if status.success() {
        return Ok(());
    }
    let output = lines[lines.len().saturating_sub(TAIL)..].join("\n");
    Err(ChildError::Failed {
        command: line,
        ending: ending(status),
        output,
    })
}

/// The command as one would type it, with the passwords of URLs replaced by `***`.
#[must_use]
pub fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| quoted(&without_password(&word.to_string_lossy())))
        .collect::<Vec<_>>()
        .join(" ")
}

/// How a program ended: `ended with exit code 1`, `was ended by signal: 9 (SIGKILL)`.
#[must_use]
pub fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        None => format!("was ended by {status}"),
    }
}

fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%#".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn without_password(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else {
        return word.to_owned();
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}{}", &rest[authority.len()..]),
        None => word.to_owned(),
    }
}

/// One line as a reader sees it: no escape sequences, and of a progress line only the last state.
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

fn indented(output: &str) -> String {
    output.lines().map(|line| format!("\n  {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (Result<(), ChildError>, Vec<String>) {
        let mut lines = Vec::new();
        let result = run(Command::new("sh").args(["-c", script]), &mut |line| {
            lines.push(line.to_owned())
        });
        (result, lines)
    }

    #[test]
    fn both_streams_come_in_order_and_without_colours() {
        let (result, lines) =
            shell(r"echo one; printf '\033[1;31mtwo\033[0m\n' >&2; printf '10%%\r90%%\rdone'");
        result.unwrap();
        assert_eq!(lines, ["one", "two", "done"]);
    }

    #[test]
    fn a_failure_says_command_ending_and_output() {
        let (result, _) = shell("echo no such thing; exit 3");
        let message = result.unwrap_err().to_string();
        assert_eq!(
            message,
            "failed to run `sh -c 'echo no such thing; exit 3'`: it ended with exit code 3\n  no such thing"
        );
        let (result, _) = shell("kill -9 $$");
        assert!(
            result
                .unwrap_err()
                .to_string()
                .contains("it was ended by signal: 9 (SIGKILL)")
        );
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut Command::new("no-such-program"), &mut |_| ())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("failed to start `no-such-program`: "),
            "{error}"
        );
    }

    #[test]
    fn of_a_long_output_the_end_is_kept() {
        let (result, lines) = shell("seq 1 5000; exit 1");
        assert_eq!(lines.len(), 5000);
        let message = result.unwrap_err().to_string();
        assert!(
            message.ends_with("\n  5000") && !message.contains("\n  4800\n"),
            "{message}"
        );
    }

    #[test]
    fn passwords_do_not_reach_messages() {
        let mut command = Command::new("uv");
        command.args([
            "--index-url",
            "https://me:secret@host/simple",
            "--find-links=https://host/a@b",
        ]);
        assert_eq!(
            command_line(&command),
            "uv --index-url 'https://***@host/simple' --find-links=https://host/a@b"
        );
    }
}
