//! Environment variables as bytes, in the caller's order.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// Names and values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Environment {
    /// This process's environment.
    #[must_use]
    pub fn of_process() -> Self {
        let pair = |(name, value): (OsString, OsString)| (name.into_vec(), value.into_vec());
        Self {
            variables: std::env::vars_os().map(pair).collect(),
        }
    }

    /// These variables, for tests.
    #[cfg(test)]
    pub(crate) fn from_pairs(pairs: &[(&str, &str)]) -> Self {
        let pair = |(name, value): &(&str, &str)| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        Self {
            variables: pairs.iter().map(pair).collect(),
        }
    }

    /// The value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.get_bytes(name.as_bytes())
    }

    /// The value of `name`.
    pub(crate) fn get_bytes(&self, name: &[u8]) -> Option<&[u8]> {
        self.variables
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_slice())
    }

    /// Sets `name`, in its old position when it was set before.
    pub fn set(&mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        let (name, value) = (name.into(), value.into());
        match self.variables.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.variables.push((name, value)),
        }
    }

    /// Removes every `name`; returns the first value.
    pub fn remove(&mut self, name: &str) -> Option<Vec<u8>> {
        let value = self.get(name)?.to_vec();
        self.variables.retain(|(known, _)| known != name.as_bytes());
        Some(value)
    }

    /// Removes every variable whose name begins with one of `prefixes`.
    pub fn remove_prefixed(&mut self, prefixes: &[&str]) {
        self.variables
            .retain(|(name, _)| !prefixes.iter().any(|prefix| name.starts_with(prefix.as_bytes())));
    }

    /// `NAME=value`, in order.
    pub fn entries(self) -> impl Iterator<Item = Vec<u8>> {
        self.variables
            .into_iter()
            .map(|(name, value)| [name.as_slice(), b"=", &value].concat())
    }
}
