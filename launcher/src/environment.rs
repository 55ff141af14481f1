//! Environment variables as bytes, in the caller's order: duplicates and entries without `=` are kept.

use std::path::Path;

use crate::format::names::{ENV_HIDDEN, ENV_HOME};
use crate::sys;

/// Entries, each `NAME=value` as bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    entries: Vec<Vec<u8>>,
}

impl Environment {
    /// This process's environment.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            entries: sys::environment(),
        }
    }

    /// Sets `HOME` to `/` where it is not set and the system has no `/etc/passwd` to look it up in: then neither Python
    /// nor other programs find a home directory, and some end with an error. Container runtimes do the same.
    pub fn complete(&mut self) {
        if self.get(ENV_HOME).is_none() && !Path::new("/etc/passwd").exists() {
            self.push(ENV_HOME, "/");
        }
    }

    /// These variables, for tests.
    #[cfg(test)]
    pub(crate) fn from_pairs(pairs: &[(&str, &str)]) -> Self {
        let mut environment = Self::default();
        for (name, value) in pairs {
            environment.push(name, value.as_bytes());
        }
        environment
    }

    /// The value of `name`: the first one, as for `getenv`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.entries
            .iter()
            .find_map(|entry| value_of(entry, name.as_bytes()))
    }

    /// Adds an entry at the end.
    pub(crate) fn push(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.entries.push([name.as_ref(), b"=", value.as_ref()].concat());
    }

    /// Sets `name`, however often it is there.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.remove(name);
        self.push(name, value);
    }

    /// Adds `name`, unless it is there.
    pub(crate) fn set_default(&mut self, name: &[u8], value: &[u8]) {
        if !self.entries.iter().any(|entry| value_of(entry, name).is_some()) {
            self.push(name, value);
        }
    }

    /// Removes every `name`.
    pub(crate) fn remove(&mut self, name: &str) {
        self.entries
            .retain(|entry| value_of(entry, name.as_bytes()).is_none());
    }

    /// Removes every variable whose name begins with one of `prefixes`.
    pub fn remove_prefixed(&mut self, prefixes: &[&str]) {
        self.entries
            .retain(|entry| !prefixes.iter().any(|prefix| entry.starts_with(prefix.as_bytes())));
    }

    /// Makes every `name` one that nobody knows, of the same length and in the same place: see [`ENV_HIDDEN`].
    pub(crate) fn hide(&mut self, name: &str) {
        for entry in &mut self.entries {
            if value_of(entry, name.as_bytes()).is_some() {
                entry[0] = ENV_HIDDEN;
            }
        }
    }

    /// `NAME=value`, in order.
    pub fn entries(self) -> impl Iterator<Item = Vec<u8>> {
        self.entries.into_iter()
    }
}

fn value_of<'a>(entry: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    entry.strip_prefix(name)?.strip_prefix(b"=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_keeps_its_place_and_length() {
        let pairs = [("A", "1"), ("PYTHONPATH", "/x"), ("B", ""), ("PYTHONPATH", "/y")];
        let mut environment = Environment::from_pairs(&pairs);
        environment.hide("PYTHONPATH");
        assert_eq!(environment.get("PYTHONPATH"), None);
        environment.set_default(b"PYTHONPATH", b"/z");
        environment.set_default(b"B", b"no");
        let entries: Vec<Vec<u8>> = environment.entries().collect();
        let want: [&[u8]; 5] = [
            b"A=1",
            b"\x01YTHONPATH=/x",
            b"B=",
            b"\x01YTHONPATH=/y",
            b"PYTHONPATH=/z",
        ];
        assert_eq!(entries, want);
    }

    #[test]
    fn the_first_of_two_counts() {
        let mut environment = Environment::from_pairs(&[("A", "1"), ("A", "2"), ("AB", "3")]);
        assert_eq!(environment.get("A"), Some(&b"1"[..]));
        environment.remove("A");
        assert_eq!(environment.entries().collect::<Vec<_>>(), [b"AB=3"]);
    }
}
