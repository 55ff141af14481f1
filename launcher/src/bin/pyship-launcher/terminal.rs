//! Everything that the launcher prints.
//!
//! While a start holds locks it prints to a terminal only what that takes at once: one that was stopped by Ctrl-S, or
//! whose connection hangs, would keep the locks from everyone else. So it is opened anew, because descriptor 2 is shared
//! with other processes, for which it must go on to wait.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write as _, stderr};
use std::os::unix::fs::OpenOptionsExt;
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

/// The terminal on standard error, if there is one. A user who may not open that one, as after `su`, may open the
/// terminal of the session, which is the same.
fn terminal() -> Option<File> {
    if !stderr().is_terminal() {
        return None;
    }
    ["/proc/self/fd/2", "/dev/tty"].iter().find_map(|path| {
        OpenOptions::new()
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path)
            .ok()
    })
}

fn say(terminal: &mut File, text: &str) {
    // What it does not take is not said.
    terminal.write(text.as_bytes()).map_or_else(drop, drop);
}

impl Watch for Terminal {
    fn waiting(&self, holder: &str) {
        if let Some(mut terminal) = terminal() {
            let text = format!("pyship: waiting for {holder}, which uses the cache\n");
            say(&mut terminal, &text);
        }
    }

    fn unpacking(&self, total: u64, progress: &Progress<'_>, work: &mut (dyn FnMut() + Send)) {
        let Some(mut terminal) = terminal() else {
            return work();
        };
        std::thread::scope(|scope| {
            let report = move || {
                let began = Instant::now();
                let mut has_reported = false;
                while !progress.over.load(Ordering::Relaxed) {
                    std::thread::park_timeout(STEP);
                    if began.elapsed() > QUIET {
                        let done = progress.done.load(Ordering::Relaxed);
                        let percent = done * 100 / total.max(1);
                        say(
                            &mut terminal,
                            &format!("\rpyship: unpacking for the first start: {percent} %"),
                        );
                        has_reported = true;
                    }
                }
                if has_reported {
                    say(&mut terminal, "\r\x1b[K");
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
