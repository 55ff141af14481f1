//! How long a trial run may take: a module may wait for a database, or for ever, while it is imported.
//!
//! The time begins when the trial's own script does, since unpacking a large file takes long for no such reason. The
//! script writes again and again where its main thread is (`faulthandler`), so that it can be said what is waited for.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::child::bounded::Next;
use crate::environment::Environment;
use crate::names::ENV_TRIAL_TIMEOUT;
use crate::ui::Ui;

/// How long a trial may take.
const LIMIT: f64 = 60.0;
/// Part of the time after which it is worth a word.
const SLOW: f64 = 0.25;
/// Part of the time between two looks at where it is.
const LOOKS: f64 = 0.1;
/// How many times as long the start of the interpreter may take, which unpacks the file first.
const START: f64 = 10.0;

/// See the module.
pub(super) struct Limit {
    seconds: f64,
}

impl Limit {
    /// The usual one, or that of [`ENV_TRIAL_TIMEOUT`].
    ///
    /// # Errors
    /// When that is no number of seconds.
    pub(super) fn of(environment: &Environment) -> Result<Self> {
        let Some(text) = environment.get(ENV_TRIAL_TIMEOUT) else {
            return Ok(Self { seconds: LIMIT });
        };
        let text = text.to_string_lossy();
        let failed = || format!("failed to read {ENV_TRIAL_TIMEOUT}: `{text}` is no number of seconds");
        let seconds: f64 = text.parse().with_context(failed)?;
        ensure!((0.1..1e6).contains(&seconds), failed());
        Ok(Self { seconds })
    }

    /// The seconds that a run may take.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Whether a run that has taken `time` is worth a word.
    pub(super) fn is_slow(&self, time: Duration) -> bool {
        time > self.part(SLOW)
    }

    /// Whether it has taken too long.
    pub(super) fn is_over(&self, time: Duration) -> bool {
        time > self.part(1.0)
    }

    fn part(&self, part: f64) -> Duration {
        Duration::from_secs_f64(self.seconds * part)
    }

    /// The way out.
    pub(super) fn hint(&self) -> String {
        format!(
            "pass --no-check to pack without a trial run, or set {ENV_TRIAL_TIMEOUT} to more than {} seconds",
            self.seconds
        )
    }
}

/// Looks at a trial run.
pub(super) struct Watch<'a> {
    ui: &'a Ui,
    limit: &'a Limit,
    /// Where the script writes where it is.
    file: PathBuf,
    /// When the script began.
    began: Option<Duration>,
    has_said: bool,
}

impl<'a> Watch<'a> {
    /// `file` is none yet.
    pub(super) fn new(ui: &'a Ui, limit: &'a Limit, file: PathBuf) -> Self {
        // An earlier trial run of this pack may have left it.
        fs_err::remove_file(&file).unwrap_or_default();
        Self {
            ui,
            limit,
            file,
            began: None,
            has_said: false,
        }
    }

    /// The first arguments of the script, to which the file is `inside`.
    pub(super) fn arguments(&self, inside: &Path) -> [String; 2] {
        let seconds = self.limit.part(LOOKS).as_secs_f64();
        [inside.display().to_string(), seconds.to_string()]
    }

    /// What to do `time` after the start.
    pub(super) fn look(&mut self, time: Duration) -> Next {
        if self.began.is_none() && self.file.exists() {
            self.began = Some(time);
        }
        let Some(began) = self.began else {
            return match time > self.limit.part(START) {
                true => Next::End,
                false => Next::Wait,
            };
        };
        let took = time.saturating_sub(began);
        if self.limit.is_over(took) {
            return Next::End;
        }
        if self.limit.is_slow(took) && !self.has_said {
            self.has_said = true;
            self.ui.note(&format!(
                "the trial run is still importing the entry point after {} s{}; --no-check packs without a trial run",
                took.as_secs(),
                self.place()
            ));
        }
        Next::Wait
    }

    /// The error for one that was ended.
    pub(super) fn did_not_end(&self) -> DidNotEnd {
        DidNotEnd {
            seconds: match self.began {
                Some(_) => self.limit.seconds,
                None => self.limit.seconds * START,
            },
            place: self.place(),
        }
    }

    /// `, at `w.py:3``, when it is known.
    fn place(&self) -> String {
        let text = fs_err::read(&self.file).unwrap_or_default();
        place(&String::from_utf8_lossy(&text)).map_or_else(String::new, |place| format!(", at {place}"))
    }
}

/// A trial run that has not ended.
#[derive(Debug, thiserror::Error)]
pub(super) struct DidNotEnd {
    seconds: f64,
    place: String,
}

impl fmt::Display for DidNotEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, place } = self;
        write!(
            f,
            "failed to import the entry point: the trial run has not ended after {seconds} s{place}"
        )
    }
}

/// The innermost line of the app or of a package in the last report of `faulthandler`, whose last thread is the main one:
///
/// ```text
/// Timeout (0:00:06)!
/// Thread 0x00007f4f9a8b1740 (most recent call first):
///   File "/…/layers/DIGEST/code/w.py", line 2 in <module>
/// ```
fn place(report: &str) -> Option<String> {
    let main = report.rsplit("(most recent call first):").next()?;
    let frames = main.lines().filter_map(|line| {
        let (file, rest) = line.strip_prefix("  File \"")?.split_once("\", line ")?;
        let (line, _) = rest.split_once(" in ")?;
        Some((shown(file)?, line.to_owned()))
    });
    let (file, line) = frames.into_iter().next()?;
    Some(format!("`{file}:{line}`"))
}

/// A file of the app, relative to it, or of a package, relative to the directory of packages.
fn shown(file: &str) -> Option<&str> {
    let below = file.split_once("/layers/")?.1.split_once('/')?.1;
    let of_package = || Some(below.split_once("/site-packages/")?.1);
    below.strip_prefix("code/").or_else(of_package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_the_innermost_line_of_the_program() {
        let report = "Timeout (0:00:06)!\nThread 0x1 (most recent call first):\n  File \"/c/layers/d/code/w.py\", line 1 in f\n\
            Timeout (0:00:06)!\nThread 0x2 (most recent call first):\n  File \"/c/layers/d/code/other.py\", line 9 in f\n\n\
            Thread 0x1 (most recent call first):\n  File \"/c/layers/a/lib/python3.12/socket.py\", line 5 in connect\n  \
            File \"/c/layers/b/lib/python3.12/site-packages/db/wire.py\", line 7 in connect\n  \
            File \"/c/layers/d/code/w.py\", line 2 in <module>\n  File \"<string>\", line 3 in main\n";
        assert_eq!(place(report).unwrap(), "`db/wire.py:7`");
        assert_eq!(place(""), None);
        assert_eq!(
            place(
                "Timeout (0:00:06)!\nThread 0x1 (most recent call first):\n  File \"<string>\", line 3 in main\n"
            ),
            None
        );
    }

    #[test]
    fn the_limit_is_a_number_of_seconds() {
        let of = |value: &str| {
            Limit::of(&Environment {
                variables: [(ENV_TRIAL_TIMEOUT.into(), value.into())].into(),
                ..Environment::default()
            })
        };
        assert_eq!(of("1.5").unwrap().part(1.0), Duration::from_millis(1500));
        for wrong in ["x", "0", "-1", "nan", "inf"] {
            let error = of(wrong).err().unwrap();
            let wanted = format!("failed to read PYSHIP_TRIAL_TIMEOUT: `{wrong}` is no number of seconds");
            assert_eq!(error.to_string(), wanted);
        }
    }
}
