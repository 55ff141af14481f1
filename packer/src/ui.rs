//! The one module that prints: data to standard output, the rest to standard error.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volume {
    /// Errors.
    Quiet,
    /// Steps and the report.
    Normal,
    /// Also what the tools say.
    Verbose,
}

/// Says things to a person, on standard error.
pub struct Ui {
    volume: Volume,
    bar: ProgressBar,
}

impl Ui {
    /// A voice of that volume; a spinner shows the current step when standard error is a terminal.
    #[must_use]
    pub fn new(volume: Volume) -> Self {
        let shown = volume > Volume::Quiet && stderr().is_terminal();
        let target = if shown {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if shown {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self { volume, bar }
    }

    /// What is being done now; seen on a terminal only.
    pub fn step(&self, text: impl Into<String>) {
        self.bar.set_style(ProgressStyle::default_spinner());
        self.bar.set_message(text.into());
    }

    /// A step with a length in bytes.
    pub fn measured_step(&self, text: impl Into<String>, total: u64) {
        let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes}");
        self.bar
            .set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar.set_message(text.into());
        self.bar.set_length(total);
        self.bar.set_position(0);
    }

    /// More of a measured step.
    pub fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// A line that stays.
    pub fn note(&self, text: &str) {
        if self.volume >= Volume::Normal {
            self.bar.suspend(|| line(text));
        }
    }

    /// A line that stays, for those who want to know.
    pub fn detail(&self, text: &str) {
        if self.volume >= Volume::Verbose {
            self.bar.suspend(|| line(text));
        } else {
            self.bar.tick();
        }
    }

    /// A line that begins with `warning:`.
    pub fn warn(&self, text: &str) {
        self.note(&format!("warning: {text}"));
    }

    /// Takes the spinner away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Says what failed, with its causes on the same line, and hints on lines of their own.
pub fn error(error: &anyhow::Error) {
    let launcher = error.downcast_ref::<pyship_launcher::error::Error>();
    line(&format!("pyship: {}", without_codes(&format!("{error:#}"))));
    if let Some(hint) = launcher.and_then(|error| error.hint.as_ref()) {
        line(&format!("hint: {hint}"));
    }
}

/// Says something that deserves a look, for commands that have no [`Ui`].
pub fn warning(text: &str) {
    line(&format!("warning: {text}"));
}

/// A message without Rust's ` (os error 28)`, whose words stand before it.
fn without_codes(message: &str) -> String {
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

/// Prints data.
///
/// # Errors
/// When standard output can't be written to.
pub fn data(text: &str) -> anyhow::Result<()> {
    use anyhow::Context;
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("failed to write to standard output")
}

fn line(text: &str) {
    // A standard error that is gone is no reason to fail.
    writeln!(stderr(), "{text}").unwrap_or_default();
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
