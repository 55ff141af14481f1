//! The one module that prints: data to standard output, the rest to standard error.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use clap::builder::styling::AnsiColor;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pyship_launcher::error::plain;

use crate::threads;

/// How much is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Volume {
    /// Errors.
    Quiet,
    /// Steps and the report.
    Normal,
    /// Also what uv and pip print.
    Verbose,
}

/// Prints steps, notes and warnings to standard error.
pub(crate) struct Ui {
    volume: Volume,
    bar: ProgressBar,
}

impl Ui {
    /// A spinner shows the current step when standard error is a terminal.
    #[must_use]
    pub(crate) fn new(volume: Volume) -> Self {
        let shown = volume > Volume::Quiet && stderr().is_terminal();
        let target = if shown {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if shown && threads::can_be_had() {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self { volume, bar }
    }

    /// Shows what is being done now, on a terminal.
    pub(crate) fn step(&self, text: impl Into<String>) {
        self.bar.set_style(ProgressStyle::default_spinner());
        self.bar.set_message(text.into());
    }

    /// Shows a step with its length in bytes.
    pub(crate) fn measured_step(&self, text: impl Into<String>, total: u64) {
        let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes}");
        self.bar
            .set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar.set_message(text.into());
        self.bar.set_length(total);
        self.bar.set_position(0);
    }

    /// Advances a measured step.
    pub(crate) fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Prints a line.
    pub(crate) fn note(&self, text: &str) {
        self.print(&lines(text));
    }

    fn print(&self, text: &str) {
        if self.volume >= Volume::Normal {
            self.bar.suspend(|| line(text));
        }
    }

    /// Prints a line with `--verbose`.
    pub(crate) fn detail(&self, text: &str) {
        if self.volume >= Volume::Verbose {
            self.bar.suspend(|| line(&lines(text)));
        } else {
            self.bar.tick();
        }
    }

    /// Prints a warning.
    pub(crate) fn warn(&self, text: &str) {
        self.print(&label(AnsiColor::Yellow, "warning:", &lines(text)));
    }

    /// Removes the spinner.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Prints an error with its causes on one line, and its hint on a line of its own.
pub(crate) fn error(error: &anyhow::Error) {
    let message = lines(&without_codes(&format!("{error:#}")));
    line(&label(AnsiColor::Red, "pyship:", &message));
    if let Some(hint) = crate::hint::of(error) {
        line(&label(AnsiColor::Cyan, "hint:", &lines(hint)));
    }
}

/// Prints a warning, for commands that have no [`Ui`].
pub(crate) fn warning(text: &str) {
    line(&label(AnsiColor::Yellow, "warning:", &lines(text)));
}

/// A text whose lines can't control a terminal: names in it are anyone's, and installers write several lines.
fn lines(text: &str) -> String {
    let plain_line = |line: &str| plain(line.replace('\t', "    "));
    text.split('\n').map(plain_line).collect::<Vec<_>>().join("\n")
}

/// Prints a line, for commands that have no [`Ui`].
pub(crate) fn note(text: &str) {
    line(&lines(text));
}

/// A line whose first word is coloured. [`anstream`] removes the colour where standard error is no terminal, and where
/// `NO_COLOR` or `TERM` forbids it.
fn label(color: AnsiColor, word: &str, text: &str) -> String {
    let style = color.on_default().bold();
    format!("{style}{word}{style:#} {text}")
}

/// A message without Rust's ` (os error 28)`, which repeats the words before it.
pub(crate) fn without_codes(message: &str) -> String {
    const MARK: &str = " (os error ";
    let mut text = String::new();
    let mut rest = message;
    while let Some(at) = rest.find(MARK) {
        let after = &rest[at + MARK.len()..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if after[digits..].starts_with(')') {
            text.push_str(&rest[..at]);
            rest = &after[digits + 1..];
        } else {
            text.push_str(&rest[..at + MARK.len()]);
            rest = after;
        }
    }
    text + rest
}

/// Prints lines of data, which can't control a terminal either.
///
/// # Errors
/// When standard output can't be written to.
pub(crate) fn data(text: &str) -> anyhow::Result<()> {
    write(
        text.split('\n')
            .map(plain_but_tabs)
            .collect::<Vec<_>>()
            .join("\n")
            .as_bytes(),
    )
}

fn plain_but_tabs(line: &str) -> String {
    line.split('\t')
        .map(|field| plain(field.to_owned()))
        .collect::<Vec<_>>()
        .join("\t")
}

/// Prints a path as a line, with all its bytes: a program reads it.
///
/// # Errors
/// When standard output can't be written to.
pub(crate) fn path(path: &Path) -> anyhow::Result<()> {
    write(&[path.as_os_str().as_bytes(), b"\n"].concat())
}

fn write(text: &[u8]) -> anyhow::Result<()> {
    use anyhow::Context;
    let mut out = stdout().lock();
    out.write_all(text)
        .and_then(|()| out.flush())
        .context("failed to write to standard output")
}

/// Removes what a spinner has left on the terminal's line.
pub(crate) fn clear_line() {
    if stderr().is_terminal() {
        write!(stderr(), "\r\x1b[2K").unwrap_or_default();
    }
}

fn line(text: &str) {
    // A closed standard error must not make a pack fail.
    writeln!(anstream::stderr(), "{text}").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_words_and_no_codes() {
        assert_eq!(
            without_codes("a: full (os error 28)\nb (os error 2): c"),
            "a: full\nb: c"
        );
        assert_eq!(without_codes("x (os error y)"), "x (os error y)");
    }
}
