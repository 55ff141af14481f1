//! Who holds a lock, for those who wait for it.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use crate::bytes::fields;
use crate::error::plain;

/// The kernel's list of locks; of those who hold one in another pid namespace it tells nothing.
const LOCKS: &str = "/proc/locks";
/// So much of a command is told, in bytes.
const COMMAND_MAX: usize = 80;

/// Who holds a lock of an open file: `process 123 (./app.bin)`, or `another process` where that can't be seen.
pub(super) fn holder(file: &File) -> String {
    let inode = file.metadata().map_or(0, |found| found.ino());
    let end = format!(":{inode}");
    let locks = fs::read(LOCKS).unwrap_or_default();
    let mut lines = locks.split(|&byte| byte == b'\n');
    let Some(pid) = lines.find_map(|line| pid_of(line, end.as_bytes())) else {
        return "another process".to_owned();
    };
    let pid = String::from_utf8_lossy(pid);
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let end = command.iter().position(|&byte| byte == 0).unwrap_or(0);
    let name = String::from_utf8_lossy(&command[..end.min(COMMAND_MAX)]);
    plain(format!("process {pid} ({name})"))
}

/// The process of a line such as `1: FLOCK  ADVISORY  WRITE 123 08:01:456 0 EOF`, when it is about the file `:456`.
fn pid_of<'l>(line: &'l [u8], file: &[u8]) -> Option<&'l [u8]> {
    match fields(line).as_slice() {
        [_, _, _, _, pid, place, ..] if place.ends_with(file) => Some(pid),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernels_list() {
        let line = b"12: FLOCK  ADVISORY  WRITE 123 fd:01:456 0 EOF";
        assert_eq!(pid_of(line, b":456"), Some(&b"123"[..]));
        assert_eq!(pid_of(line, b":56"), None);
        // One that waits.
        let line = b"12: -> FLOCK  ADVISORY  WRITE 124 fd:01:456 0 EOF";
        assert_eq!(pid_of(line, b":456"), None);
        assert_eq!(pid_of(b"", b":"), None);
    }
}
