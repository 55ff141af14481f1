//! The process's state while it writes to a cache: what is changed for that, and restored before the app starts.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use pyship_launcher::sys;

/// Unpacking needs no more descriptors than this.
const DESCRIPTORS: u64 = 1024;

/// Sets the umask; opens descriptors 0 to 2 where they are closed, so that no message is written to a file of the
/// cache; raises the limit on descriptors; makes a write beyond the limit on file sizes fail instead of killing the
/// process; and lets SIGTERM and SIGINT end it as process 1 too. Dropping it restores all of that.
pub(crate) struct ProcessState {
    umask: Mode,
    descriptors: Rlimit,
    signals: [Option<sys::Disposition>; 3],
    /// Close-on-exec, so that the app finds these descriptors closed as the caller left them.
    _fillers: Vec<OwnedFd>,
}

impl ProcessState {
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
        // The kernel drops signals for the first process of a container that it has no handler for.
        let end_on = |signal| (std::process::id() == 1).then(|| sys::exit_on(signal)).flatten();
        Self {
            umask: rustix::process::umask(Mode::from_raw_mode(0o022)),
            descriptors,
            signals: [
                sys::ignore_file_size_signal(),
                end_on(libc::SIGTERM),
                end_on(libc::SIGINT),
            ],
            _fillers: fillers,
        }
    }
}

impl Drop for ProcessState {
    fn drop(&mut self) {
        rustix::process::umask(self.umask);
        setrlimit(Resource::Nofile, self.descriptors).unwrap_or_default();
        self.signals.iter().flatten().for_each(sys::Disposition::restore);
    }
}
