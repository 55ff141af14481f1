//! Who holds a lock, for those who wait for it.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use crate::error::plain;

/// The kernel's list of locks; of those who hold one in another pid namespace it tells nothing.
const LOCKS: &str = "/proc/locks";
/// So much of a command is told, in characters.
const COMMAND_MAX: usize = 80;

/// Who holds a lock of an open file: `process 123 (./app.bin)`, or `another process` where that can't be seen.
pub(super) fn holder(file: &File) -> String {
    let inode = file.metadata().map_or(0, |found| found.ino()).to_string();
    let locks = fs::read_to_string(LOCKS).unwrap_or_default();
    let Some(pid) = locks.lines().find_map(|line| pid_of(line, &inode)) else {
        return "another process".to_owned();
    };
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let name = command.split(|&byte| byte == 0).next().unwrap_or_default();
    let name: String = String::from_utf8_lossy(name).chars().take(COMMAND_MAX).collect();
    plain(if name.is_empty() {
        format!("process {pid}")
    } else {
        format!("process {pid} ({name})")
    })
}

/// The process of a line such as `1: FLOCK  ADVISORY  WRITE 123 08:01:456 0 EOF`, when it is about this inode.
fn pid_of<'l>(line: &'l str, inode: &str) -> Option<&'l str> {
    let mut fields = line.split_whitespace().skip(4);
    let pid = fields.next()?;
    let place = fields.next()?;
    (place.rsplit(':').next() == Some(inode) && pid != "0").then_some(pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernels_list() {
        let line = "12: FLOCK  ADVISORY  WRITE 123 fd:01:456 0 EOF";
        assert_eq!(pid_of(line, "456"), Some("123"));
        assert_eq!(pid_of(line, "56"), None);
        // One that waits.
        assert_eq!(
            pid_of("12: -> FLOCK  ADVISORY  WRITE 124 fd:01:456 0 EOF", "456"),
            None
        );
        assert_eq!(pid_of("", ""), None);
    }
}
