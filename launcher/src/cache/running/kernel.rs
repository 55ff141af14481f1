//! What the kernel tells of a file whoever uses it, in whatever namespace.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::path::Path;

use crate::sys;

/// The length of an ELF file's start that holds its program headers.
const START: usize = 4096;
/// The type of a program header of what is loaded, and its flag for what is executed.
const LOADED: u64 = 1;
const EXECUTED: u64 = 1;

/// Whether anyone on this machine executes a file, or has it mapped or open; `None` when the kernel doesn't tell, as of
/// another user's file.
pub(super) fn is_used(path: &Path) -> Option<bool> {
    let is_missing = |error: io::Error| (error.kind() == ErrorKind::NotFound).then_some(false);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return is_missing(error),
    };
    if let Ok(taken) = sys::take_lease(file.as_fd()) {
        return Some(!taken);
    }
    // No leases here: only what is executed is known. A start at this very instant fails with ETXTBSY, and tries again.
    match OpenOptions::new().write(true).open(path) {
        Ok(_) => Some(false),
        Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => Some(true),
        Err(error) => is_missing(error),
    }
}

/// The size of an ELF program's text in KiB, as the kernel tells it in `/proc/PID/status`.
pub(super) fn text_size(path: &Path) -> Option<u64> {
    let mut start = Vec::new();
    let file = File::open(path).ok()?;
    file.take(START as u64).read_to_end(&mut start).ok()?;
    let number = |at: u64, length: usize| {
        let at = usize::try_from(at).ok()?;
        let bytes = start.get(at..at.checked_add(length)?)?;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0, |number, &byte| number << 8 | u64::from(byte)),
        )
    };
    if !start.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (first, length, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    let (mut from, mut to) = (u64::MAX, 0);
    for index in 0..count {
        let header = first.checked_add(index * length)?;
        if number(header, 4)? == LOADED && number(header.checked_add(4)?, 4)? & EXECUTED != 0 {
            let (address, size) = (number(header + 16, 8)?, number(header + 32, 8)?);
            from = from.min(address);
            to = to.max(address.checked_add(size)?);
        }
    }
    let page = sys::page_size();
    let (from, to) = (from / page * page, to.div_ceil(page).checked_mul(page)?);
    Some(to.checked_sub(from)? / 1024)
}
