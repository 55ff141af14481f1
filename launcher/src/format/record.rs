//! The launch record, `launch` in an app's directory: what a warm start needs, decided by the cold start that wrote
//! it.
//!
//! ```text
//! pyship-launch=3 NUL          the record's format
//! <key>=<value> NUL            values are bytes without NUL
//! ...
//! end=<number of items> NUL    so that a truncated record is invalid
//! ```
//!
//! A warm start reads this record of under 2 KiB and no manifest, so it doesn't depend on the payload's size.

use crate::error::{Error, Kind, Result};

const END: &[u8] = b"end";
const FORMAT: &[u8] = b"pyship-launch=";
const VERSION: &[u8] = b"pyship-launch=3";

/// The largest record that is read, in bytes.
pub(crate) const SIZE_MAX: usize = 64 << 10;

/// How the app in this directory is started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// The app's name, for `pyship cache list`.
    pub name: Vec<u8>,
    /// Its version; empty when unknown.
    pub version: Vec<u8>,
    /// What is started.
    pub entry: Entry,
    /// The interpreter's ELF file.
    pub executable: Vec<u8>,
    /// PYTHONHOME: the runtime layer's directory.
    pub home: Vec<u8>,
    /// The carried loader and its `--library-path`, when the carried C library is used.
    pub loader: Option<Loader>,
    /// Interpreter options fixed at pack time.
    pub options: Vec<Vec<u8>>,
    /// Arguments that stand before the caller's.
    pub arguments: Vec<Vec<u8>>,
    /// Environment variables to set unless the caller has: name, value.
    pub environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// Files that every start checks for; when one is missing, the cache is damaged.
    pub checks: Vec<Vec<u8>>,
    /// The directories of all layers.
    pub layers: Vec<Vec<u8>>,
    /// Whether the owner of the cache alone can read all of the app.
    pub private: bool,
}

/// See [`Record::entry`]. Paths are absolute and have no symbolic links, as the interpreter puts them on `sys.path`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Entry {
    /// No app: the file behaves like `python`.
    #[default]
    Interpreter,
    /// `python PATH`
    Script(Vec<u8>),
    /// `python -m NAME`
    Module(Vec<u8>),
    /// One of several, chosen by the name by which the file is called; the first one when none matches.
    Commands(Vec<Command>),
}

/// A file in the app directory's `bin/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The file.
    pub path: Vec<u8>,
    /// Whether the interpreter runs it; otherwise it is executed itself.
    pub python: bool,
}

/// See [`Record::loader`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loader {
    /// The loader's path.
    pub path: Vec<u8>,
    /// Directories for `--library-path`, separated by `:`.
    pub library_path: Vec<u8>,
    /// The directory of the carried character sets, if there are any.
    pub gconv: Option<Vec<u8>>,
}

impl Record {
    /// The record's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Self {
            name,
            version,
            entry,
            executable,
            home,
            loader,
            options,
            arguments,
            environment,
            checks,
            layers,
            private,
        } = self;
        let mut bytes = Vec::new();
        let count = std::cell::Cell::new(0u32);
        let mut put = |key: &[u8], value: &[u8]| {
            count.set(count.get() + 1);
            bytes.extend_from_slice(key);
            bytes.push(b'=');
            bytes.extend_from_slice(value);
            bytes.push(0);
        };
        let at = VERSION.iter().position(|&byte| byte == b'=').unwrap_or(0);
        put(&VERSION[..at], &VERSION[at + 1..]);
        put(b"name", name);
        put(b"version", version);
        match entry {
            Entry::Interpreter => put(b"interpreter", b""),
            Entry::Script(path) => put(b"script", path),
            Entry::Module(name) => put(b"module", name),
            Entry::Commands(commands) => {
                for Command { path, python } in commands {
                    put(if *python { b"command" } else { b"program" }, path);
                }
            }
        }
        put(b"executable", executable);
        put(b"home", home);
        if let Some(Loader {
            path,
            library_path,
            gconv,
        }) = loader
        {
            put(b"loader", path);
            put(b"library-path", library_path);
            if let Some(gconv) = gconv {
                put(b"gconv", gconv);
            }
        }
        for option in options {
            put(b"option", option);
        }
        for argument in arguments {
            put(b"argument", argument);
        }
        for (name, value) in environment {
            put(b"set", &[name, b"=".as_slice(), value].concat());
        }
        for check in checks {
            put(b"check", check);
        }
        for layer in layers {
            put(b"layer", layer);
        }
        if *private {
            put(b"private", b"");
        }
        let end = count.get().to_string();
        put(END, end.as_bytes());
        bytes
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When it is truncated or of another format; a cold start then writes a new one.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        Self::read(bytes, false)
    }

    /// What is known of a record of any version, which may be a later one: at least its layers. For `prune` and lists.
    /// So the first and the last item, and the key `layer`, stay what they are in every version.
    ///
    /// # Errors
    /// When it is truncated, or names no layers.
    pub fn decode_any_version(bytes: &[u8]) -> Result<Self> {
        Self::read(bytes, true)
    }

    fn read(bytes: &[u8], any_version: bool) -> Result<Self> {
        let damaged = || {
            Error::new(
                Kind::Storage,
                "failed to read the app's launch record: it is damaged",
            )
        };
        let mut items: Vec<&[u8]> = bytes
            .strip_suffix(b"\0")
            .ok_or_else(damaged)?
            .split(|&byte| byte == 0)
            .collect();
        let end = items.pop().and_then(pair).ok_or_else(damaged)?;
        let is_other = items.first() != Some(&VERSION);
        let is_record = items.first().is_some_and(|first| first.starts_with(FORMAT));
        if end != (END, items.len().to_string().as_bytes()) || is_other && !(any_version && is_record) {
            return Err(damaged());
        }
        let mut record = Self::default();
        let (mut loader, mut library_path, mut gconv) = (None, None, None);
        let (mut entry, mut commands) = (None, Vec::new());
        for item in &items[1..] {
            let (key, value) = pair(item).ok_or_else(damaged)?;
            match key {
                b"name" => record.name = value.to_vec(),
                b"version" => record.version = value.to_vec(),
                b"interpreter" => entry = Some(Entry::Interpreter),
                b"script" => entry = Some(Entry::Script(value.to_vec())),
                b"module" => entry = Some(Entry::Module(value.to_vec())),
                b"command" | b"program" => commands.push(Command {
                    path: value.to_vec(),
                    python: key == b"command",
                }),
                b"executable" => record.executable = value.to_vec(),
                b"home" => record.home = value.to_vec(),
                b"loader" => loader = Some(value.to_vec()),
                b"library-path" => library_path = Some(value.to_vec()),
                b"gconv" => gconv = Some(value.to_vec()),
                b"option" => record.options.push(value.to_vec()),
                b"argument" => record.arguments.push(value.to_vec()),
                b"set" => {
                    let (name, value) = pair(value).ok_or_else(damaged)?;
                    record.environment.push((name.to_vec(), value.to_vec()));
                }
                b"check" => record.checks.push(value.to_vec()),
                b"layer" => record.layers.push(value.to_vec()),
                b"private" => record.private = true,
                _ if any_version => {}
                _ => return Err(damaged()),
            }
        }
        record.loader = match (loader, library_path) {
            (Some(path), Some(library_path)) => Some(Loader {
                path,
                library_path,
                gconv,
            }),
            (None, None) => None,
            _ if any_version => None,
            _ => return Err(damaged()),
        };
        record.entry = match (entry, commands.is_empty()) {
            (Some(entry), true) => entry,
            (None, false) => Entry::Commands(commands),
            _ if any_version => Entry::Interpreter,
            _ => return Err(damaged()),
        };
        let lacks = record.executable.is_empty() || record.home.is_empty() || record.checks.is_empty();
        if !any_version && lacks || any_version && record.layers.is_empty() {
            return Err(damaged());
        }
        Ok(record)
    }
}

fn pair(item: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = item.iter().position(|&byte| byte == b'=')?;
    Some((&item[..at], &item[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let record = Record {
            name: b"app".to_vec(),
            version: b"1.0".to_vec(),
            entry: Entry::Interpreter,
            executable: b"/c/bin/python3.12".to_vec(),
            home: b"/c\xff".to_vec(),
            loader: Some(Loader {
                path: b"/l/ld.so".to_vec(),
                library_path: b"/l:/m".to_vec(),
                gconv: Some(b"/l/gconv".to_vec()),
            }),
            options: vec![b"-X".to_vec(), b"utf8".to_vec()],
            arguments: vec![b"--a=\xff".to_vec(), vec![]],
            environment: vec![(b"A".to_vec(), b"b=c".to_vec())],
            checks: vec![b"/c/os.py".to_vec()],
            layers: vec![b"/c".to_vec()],
            private: true,
        };
        assert_eq!(Record::decode(&record.encode()).unwrap(), record);
        let command = |path: &[u8], python| Command {
            path: path.to_vec(),
            python,
        };
        for entry in [
            Entry::Script(b"/c/code/main.py".to_vec()),
            Entry::Module(b"package.tool".to_vec()),
            Entry::Commands(vec![command(b"/a/bin/x=y", true), command(b"/a/bin/sh", false)]),
        ] {
            let plain = Record {
                entry,
                loader: None,
                environment: vec![],
                private: false,
                ..record.clone()
            };
            assert_eq!(Record::decode(&plain.encode()).unwrap(), plain);
        }
    }

    #[test]
    fn of_another_version_the_layers_are_known() {
        let bytes = b"pyship-launch=9\0name=app\0colour=red\0layer=/c/a\0layer=/c/b\0end=5\0";
        assert!(Record::decode(bytes).is_err());
        let record = Record::decode_any_version(bytes).unwrap();
        assert_eq!(record.name, b"app");
        assert_eq!(record.layers, [b"/c/a", b"/c/b"]);
        for bytes in [
            &b"pyship-launch=9\0name=app\0end=2\0"[..],
            b"pyship-launch=9\0layer=/c/a\0end=3\0",
            b"other=9\0layer=/c/a\0end=2\0",
            &bytes[..bytes.len() - 1],
        ] {
            assert!(Record::decode_any_version(bytes).is_err());
        }
    }

    #[test]
    fn truncated_records_are_refused() {
        let record = Record {
            executable: b"e".to_vec(),
            home: b"h".to_vec(),
            checks: vec![b"c".to_vec()],
            ..Record::default()
        };
        let bytes = record.encode();
        for end in 0..bytes.len() {
            assert!(Record::decode(&bytes[..end]).is_err(), "{end}");
        }
    }
}
