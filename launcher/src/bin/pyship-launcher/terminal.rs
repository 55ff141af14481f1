//! Everything that the launcher prints.

use std::io::{IsTerminal, Write as _, stderr};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use pyship_launcher::cache::cold::Watch;
use pyship_launcher::error::Error;
use pyship_launcher::unpack::Progress;

/// Nothing is said of an unpacking that is over by then.
const QUIET: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(100);

/// Says what failed. A standard error that is closed or full is no reason to do anything else.
pub(crate) fn report(error: &Error) {
    let mut text = format!("pyship: {error}\n");
    if let Some(hint) = &error.hint {
        text.push_str(&format!("hint: {hint}\n"));
    }
    stderr().write_all(text.as_bytes()).unwrap_or_default();
}

/// Tells a person at a terminal why nothing happens yet.
pub(crate) struct Terminal {
    there: bool,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        Self {
            there: stderr().is_terminal(),
        }
    }

    fn say(&self, text: &str) {
        if self.there {
            stderr().write_all(text.as_bytes()).unwrap_or_default();
        }
    }
}

impl Watch for Terminal {
    fn waiting(&self) {
        self.say("pyship: waiting for another start that unpacks the same files\n");
    }

    fn unpacking(&self, total: u64, progress: &Progress, work: &mut (dyn FnMut() + Send)) {
        if !self.there {
            return work();
        }
        std::thread::scope(|scope| {
            let talk = || {
                let began = Instant::now();
                let mut said = false;
                while !progress.over.load(Ordering::Relaxed) {
                    std::thread::park_timeout(STEP);
                    if began.elapsed() > QUIET {
                        let done = progress.done.load(Ordering::Relaxed);
                        self.say(&format!(
                            "\rpyship: unpacking for the first start: {} %",
                            done * 100 / total.max(1)
                        ));
                        said = true;
                    }
                }
                if said {
                    self.say("\r\x1b[K");
                }
            };
            let talker = std::thread::Builder::new()
                .stack_size(64 << 10)
                .spawn_scoped(scope, talk);
            work();
            progress.over.store(true, Ordering::Relaxed);
            if let Ok(talker) = talker {
                talker.thread().unpark();
            }
        });
    }
}

/// Writes to standard output, for the tools.
///
/// # Errors
/// When it can't be written to.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    std::io::stdout().write_all(text.as_bytes())
}
