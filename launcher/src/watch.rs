//! What the launcher says, all of it here and on standard error, and what it changes of its process while it
//! writes to a cache.

use std::io::{IsTerminal, Write as _, stderr};
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use pyship_launcher::cache::cold::Watch;
use pyship_launcher::error::Error;
use pyship_launcher::sys;
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

/// More descriptors than these are of no use.
const DESCRIPTORS: u64 = 1024;

/// The process's state while it writes: its umask; something at descriptors 0 to 2, so that no file of the cache
/// ends up where a message would be written; as many descriptors as it may have; and a limit on file sizes that
/// fails the write, not the process. All are put back before the app starts.
pub(crate) struct Surroundings {
    umask: Mode,
    descriptors: Rlimit,
    file_size_signal: Option<sys::Disposition>,
    /// Close-on-exec, so that the app finds these descriptors closed as the caller left them.
    _fillers: Vec<OwnedFd>,
}

impl Surroundings {
    pub(crate) fn for_writing() -> Self {
        let mut fillers = Vec::new();
        while fillers.len() < 3 {
            let Ok(filler) = open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) else {
                break;
            };
            if std::os::fd::AsRawFd::as_raw_fd(&filler) > 2 {
                break;
            }
            fillers.push(filler);
        }
        let descriptors = getrlimit(Resource::Nofile);
        let more = descriptors
            .maximum
            .map_or(DESCRIPTORS, |most| most.min(DESCRIPTORS));
        if descriptors.current.is_some_and(|current| current < more) {
            let raised = Rlimit {
                current: Some(more),
                maximum: descriptors.maximum,
            };
            setrlimit(Resource::Nofile, raised).unwrap_or_default();
        }
        Self {
            umask: rustix::process::umask(Mode::from_raw_mode(0o022)),
            descriptors,
            file_size_signal: sys::ignore_file_size_signal(),
            _fillers: fillers,
        }
    }
}

impl Drop for Surroundings {
    fn drop(&mut self) {
        rustix::process::umask(self.umask);
        setrlimit(Resource::Nofile, self.descriptors).unwrap_or_default();
        if let Some(before) = &self.file_size_signal {
            sys::restore_file_size_signal(before);
        }
    }
}

/// Writes to standard output, for the tools.
///
/// # Errors
/// When it can't be written to.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    std::io::stdout().write_all(text.as_bytes())
}
