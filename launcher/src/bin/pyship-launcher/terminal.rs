//! Everything that the launcher prints.

use std::io::{IsTerminal, Write as _, stderr};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use pyship_launcher::cache::Watch;
use pyship_launcher::error::Error;
use pyship_launcher::unpack::Progress;

/// Unpacking that takes less time than this is not reported.
const QUIET: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(100);

/// Prints an error. Failures are ignored: standard error may be closed or full.
pub(crate) fn report(error: &Error) {
    let mut text = format!("pyship: {error}\n");
    if let Some(hint) = &error.hint {
        text.push_str(&format!("hint: {hint}\n"));
    }
    stderr().write_all(text.as_bytes()).unwrap_or_default();
}

/// Tells a user at a terminal what takes long.
pub(crate) struct Terminal;

fn say(text: &str) {
    stderr().write_all(text.as_bytes()).unwrap_or_default();
}

impl Watch for Terminal {
    fn waiting(&self) {
        if stderr().is_terminal() {
            say("pyship: waiting for another process that uses the cache\n");
        }
    }

    fn unpacking(&self, total: u64, progress: &Progress, work: &mut (dyn FnMut() + Send)) {
        if !stderr().is_terminal() {
            return work();
        }
        std::thread::scope(|scope| {
            let report = || {
                let began = Instant::now();
                let mut has_reported = false;
                while !progress.over.load(Ordering::Relaxed) {
                    std::thread::park_timeout(STEP);
                    if began.elapsed() > QUIET {
                        let done = progress.done.load(Ordering::Relaxed);
                        let percent = done * 100 / total.max(1);
                        say(&format!("\rpyship: unpacking for the first start: {percent} %"));
                        has_reported = true;
                    }
                }
                if has_reported {
                    say("\r\x1b[K");
                }
            };
            let reporter = std::thread::Builder::new()
                .stack_size(64 << 10)
                .spawn_scoped(scope, report);
            work();
            progress.over.store(true, Ordering::Relaxed);
            if let Ok(reporter) = reporter {
                reporter.thread().unpark();
            }
        });
    }
}

/// Writes a tool's result to standard output.
///
/// # Errors
/// When it can't be written to.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    std::io::stdout().write_all(text.as_bytes())
}
