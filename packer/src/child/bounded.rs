//! A child that must end: it has a process group of its own, which is killed when its time is over, and when the child
//! has ended. So nothing that it has started outlives it.
//!
//! Its output goes to files, not to pipes: a process that left the group and keeps them open is not waited for.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::threads;

/// How often the clock is looked at. An end is noticed at once.
const STEP: Duration = Duration::from_millis(100);

/// How a child ended.
pub(crate) struct Bounded {
    /// None when its time was over.
    pub(crate) status: Option<ExitStatus>,
    /// Standard output.
    pub(crate) stdout: Vec<u8>,
    /// Standard error.
    pub(crate) stderr: Vec<u8>,
}

/// What to do with a child that runs.
pub(crate) enum Next {
    /// Wait for it.
    Wait,
    /// End it.
    End,
}

/// Runs `command` until it ends or `look`, which is asked again and again with the time since its start, ends it. Files
/// for its output are made in `scratch`.
///
/// # Errors
/// When it can't be started, or there is no room for its output.
pub(crate) fn run(
    command: &mut Command,
    scratch: &Path,
    look: &mut dyn FnMut(Duration) -> Next,
) -> io::Result<Bounded> {
    let (stdout, stderr) = (tempfile::tempfile_in(scratch)?, tempfile::tempfile_in(scratch)?);
    command
        .stdout(stdout.try_clone()?)
        .stderr(stderr.try_clone()?)
        .process_group(0);
    let mut child = command.spawn()?;
    let has_ended = wait(&mut child, look);
    let status = child.wait()?;
    Ok(Bounded {
        status: has_ended?.then_some(status),
        stdout: contents(stdout)?,
        stderr: contents(stderr)?,
    })
}

/// Waits for the end of a child, and ends its group. Returns whether it ended by itself.
///
/// # Errors
/// When a thread can't be started; the group is ended all the same.
fn wait(child: &mut Child, look: &mut dyn FnMut(Duration) -> Next) -> io::Result<bool> {
    let began = Instant::now();
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return Ok(true);
    };
    std::thread::scope(|scope| {
        let (ended, end) = mpsc::channel();
        let waiting = threads::start(scope, move || {
            // It stays a zombie, so that no other process gets the number of its group.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            rustix::io::retry_on_intr(|| waitid(WaitId::Pid(pid), options)).unwrap_or_default();
            ended.send(()).unwrap_or_default();
        });
        let by_itself = waiting.map(|_| watch(&end, began, look));
        kill_process_group(pid, Signal::KILL).unwrap_or_default();
        by_itself
    })
}

fn watch(end: &Receiver<()>, began: Instant, look: &mut dyn FnMut(Duration) -> Next) -> bool {
    while end.recv_timeout(STEP) == Err(mpsc::RecvTimeoutError::Timeout) {
        if let Next::End = look(began.elapsed()) {
            return false;
        }
    }
    true
}

fn contents(mut file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Bounded {
        let scratch = tempfile::tempdir().unwrap();
        let mut look = |time| if time > limit { Next::End } else { Next::Wait };
        run(Command::new("sh").args(["-c", script]), scratch.path(), &mut look).unwrap()
    }

    /// Whether a process is there, and stays: one that was killed takes a moment to end.
    fn is_running(pid: &[u8]) -> bool {
        let stat = format!("/proc/{}/stat", String::from_utf8_lossy(pid).trim());
        let began = Instant::now();
        while fs_err::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            if began.elapsed() > Duration::from_secs(20) {
                return true;
            }
            std::thread::sleep(STEP);
        }
        false
    }

    #[test]
    fn it_ends_with_everything_that_it_started() {
        let ended = shell(
            "sleep 600 & echo $!; echo words >&2; exit 3",
            Duration::from_secs(60),
        );
        assert_eq!(ended.status.unwrap().code(), Some(3));
        assert_eq!(ended.stderr, b"words\n");
        assert!(!is_running(&ended.stdout));
        let began = Instant::now();
        let killed = shell("sleep 600 & echo $!; wait", Duration::from_millis(300));
        assert!(killed.status.is_none() && !is_running(&killed.stdout));
        assert!(began.elapsed() < Duration::from_secs(60));
    }
}
