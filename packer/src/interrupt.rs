//! Signals that end a command: it leaves nothing behind, and its children end with it.
//!
//! A thread waits for SIGHUP, SIGINT and SIGTERM. It ends all children, since they may write into what is removed next,
//! removes what [`temporary`] has registered, and ends the process with 128 and the signal's number, as shells report
//! it. A signal that the caller ignores, as `nohup` does, stays ignored.
//!
//! SIGXFSZ gets a handler that does nothing: a file that would exceed the limit is then an error like a full disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyship_launcher::removal::remove_directory;
use rustix::process::{Pid, Signal, getpid, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::temporary::{self, Entry};
use crate::ui;

/// How long children may take to end by themselves.
const PATIENCE: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(10);

/// The signal that ends the process, set as soon as it arrives.
static RECEIVED: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// Handles signals from now on.
///
/// # Errors
/// When the system refuses.
pub(crate) fn handle() -> std::io::Result<()> {
    let received = RECEIVED.get_or_init(Arc::default);
    let ignored = ignored();
    let wanted: Vec<i32> = [SIGHUP, SIGINT, SIGTERM]
        .into_iter()
        .filter(|signal| ignored & (1 << (signal - 1)) == 0)
        .collect();
    for signal in &wanted {
        flag::register_usize(
            *signal,
            Arc::clone(received),
            usize::try_from(*signal).unwrap_or(1),
        )?;
    }
    flag::register(SIGXFSZ, Arc::<AtomicBool>::default())?;
    let mut signals = Signals::new(wanted)?;
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                end(signal);
            }
        })?;
    Ok(())
}

/// Waits for the process's end when a signal ends it: its children have failed for no other reason, and a new one would
/// be ended again.
pub(crate) fn wait_if_received() {
    while RECEIVED
        .get()
        .is_some_and(|signal| signal.load(Ordering::SeqCst) != 0)
    {
        std::thread::sleep(STEP);
    }
}

/// The signals that are ignored, a bit for each.
fn ignored() -> u64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}

fn end(signal: i32) -> ! {
    let left = temporary::abandon();
    end_children();
    for entry in left {
        match entry {
            Entry::Whole(path) => remove(&path),
            Entry::IfEmpty(path) => fs_err::remove_dir(path).unwrap_or_default(),
        }
    }
    ui::clear_line();
    std::process::exit(128 + signal)
}

/// Ends every process that this one has started, and theirs.
fn end_children() {
    for signal in [Signal::TERM, Signal::KILL] {
        let began = Instant::now();
        for pid in descendants() {
            kill_process(pid, signal).unwrap_or_default();
        }
        while began.elapsed() < PATIENCE {
            if descendants().is_empty() {
                return;
            }
            std::thread::sleep(STEP);
        }
    }
}

/// The processes below this one that still run.
fn descendants() -> Vec<Pid> {
    let processes = fs_err::read_dir("/proc").into_iter().flatten().flatten();
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for process in processes {
        let is_process = process
            .file_name()
            .to_str()
            .is_some_and(|name| name.parse::<i32>().is_ok());
        if let Some((pid, parent)) = is_process.then(|| running(&process.path())).flatten() {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut next = vec![getpid().as_raw_pid()];
    while let Some(parent) = next.pop() {
        for &pid in children.get(&parent).into_iter().flatten() {
            found.extend(Pid::from_raw(pid));
            next.push(pid);
        }
    }
    found
}

/// A process that is no zombie, and its parent: `12 (name) S 1 …`; the name may have any character.
fn running(process: &Path) -> Option<(i32, i32)> {
    let stat = fs_err::read(process.join("stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let (pid, rest) = stat.split_once(" (")?;
    let mut fields = rest.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    (!matches!(state, "Z" | "X")).then_some((pid.parse().ok()?, fields.next()?.parse().ok()?))
}

/// Removes a file, or a directory into which other threads may still be writing.
fn remove(path: &Path) {
    let began = Instant::now();
    while path.symlink_metadata().is_ok() && began.elapsed() < PATIENCE {
        let removed = match path.is_dir() {
            true => remove_directory(path),
            false => fs_err::remove_file(path),
        };
        removed.unwrap_or_default();
        std::thread::sleep(STEP);
    }
}
