//! `--trial ARGS`: the file itself, run with arguments on top of the trial run, which only imports.
//!
//! What it loads is seen through glibc's loader, which lists each library that it initializes (`LD_DEBUG=files`, see
//! ld.so(8)): those of its child processes too, and those of a process that ends without Python's clean-up. The program
//! runs as it will, in an empty directory.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, anyhow, bail};
use pyship_launcher::format::names::{ENV_CACHE_DIR, ENV_STORE};

use super::super::Pack;
use super::Place;
use super::limit::Limit;
use crate::child::bounded::{self, Next};
use crate::hint::WithHint;
use crate::names::ENV_TRIAL_TIMEOUT;
use crate::{child, interrupt};

/// What the loader's lines have before the path of a library that it initializes.
const LOADED: &[u8] = b"calling init: /";
/// The last lines of a program's output that an error repeats.
const TAIL: usize = 20;

/// Arguments as a shell splits them.
///
/// # Errors
/// When a quotation has no end.
pub(super) fn split(text: &str) -> Result<Vec<String>> {
    shlex::split(text)
        .ok_or_else(|| anyhow!("failed to read `--trial {text}`: a quotation has no end"))
        .hint("quote the arguments as a whole once more: --trial '--name \"a b\"'")
}

/// Runs the file in `place` with each of the options' arguments; gives the files that were loaded.
///
/// # Errors
/// When the program does not end, or ends with another exit code than 0.
pub(super) fn run<'a>(pack: &Pack<'_>, place: &dyn Fn() -> Place<'a>, limit: &Limit) -> Result<Vec<PathBuf>> {
    let mut loaded = Vec::new();
    for text in &pack.options.trial {
        pack.ui.step(format!("trial run with `{text}`"));
        loaded.extend(once(pack, place(), text, limit)?);
    }
    Ok(loaded)
}

fn once(pack: &Pack<'_>, place: Place<'_>, text: &str, limit: &Limit) -> Result<Vec<PathBuf>> {
    let scratch = pack.scratch.path();
    let own = tempfile::Builder::new().prefix("program-").tempdir_in(scratch)?;
    let (work, lists) = (own.path().join("work"), own.path().join("loaded"));
    fs_err::create_dir(&work)?;
    fs_err::create_dir(&lists)?;
    let mut command = place.command;
    command
        .env(ENV_CACHE_DIR, place.cache)
        .env_remove(ENV_STORE)
        .envs(place.store.map(|store| (ENV_STORE, store)))
        .env("LD_DEBUG", "files")
        .env("LD_DEBUG_OUTPUT", lists.join("of"))
        .current_dir(&work)
        .stdin(Stdio::null())
        .args(split(text)?);
    let mut has_said = false;
    let mut look = |time| {
        if limit.is_slow(time) && !has_said {
            has_said = true;
            let seconds = time.as_secs();
            pack.ui
                .note(&format!("the program still runs with `{text}` after {seconds} s"));
        }
        if limit.is_over(time) {
            Next::End
        } else {
            Next::Wait
        }
    };
    let output = bounded::run(&mut command, scratch, &mut look).context("failed to start the program")?;
    interrupt::wait_if_received();
    let said = || {
        let both = [output.stdout.as_slice(), &output.stderr].concat();
        let both = String::from_utf8_lossy(&both);
        let lines: Vec<&str> = both
            .trim_end()
            .lines()
            .filter(|line| !is_of_loader(line))
            .collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    };
    match output.status {
        Some(status) if status.success() => read_lists(&lists),
        Some(status) => {
            let how = child::in_words(status);
            bail!(
                "failed to run the program with `{text}` of --trial: it {how}\n{}",
                said()
            );
        }
        None => {
            let seconds = limit.seconds();
            let error = anyhow!(
                "failed to run the program with `{text}` of --trial: it has not ended after {seconds} s\n{}",
                said()
            );
            Err(error).hint(format!(
                "give arguments with which it ends, or set {ENV_TRIAL_TIMEOUT} to more than {seconds} seconds"
            ))
        }
    }
}

/// The libraries in the lists of the loader, one list for each process.
fn read_lists(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(directory)? {
        for line in BufReader::new(fs_err::File::open(entry?.path())?).split(b'\n') {
            found.extend(library(&line?));
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Whether a line is one of the loader's: a number of a process, a colon and a tab. A program that closes all descriptors
/// gets them on its standard error.
fn is_of_loader(line: &str) -> bool {
    line.split_once(":\t").is_some_and(|(process, _)| {
        let number = process.trim_start();
        number.len() < process.len() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The path in one line: `     12:\tcalling init: /usr/lib/libz.so.1`.
fn library(line: &[u8]) -> Option<PathBuf> {
    let at = memchr::memmem::find(line, LOADED)?;
    let path = line[at + LOADED.len() - 1..].to_vec();
    Some(OsString::from_vec(path).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_loader_are_told_from_the_programs() {
        assert!(is_of_loader("     25564:\tcalling fini: /lib/libm.so.6 [0]"));
        for line in ["25564:\tof the program", "  at 12:\tx", "  12: x", "  :\tx", ""] {
            assert!(!is_of_loader(line), "{line}");
        }
    }

    #[test]
    fn the_loaders_lines_name_libraries() {
        let of = |line: &str| library(line.as_bytes());
        assert_eq!(
            of("      12:\tcalling init: /lib/libz.so.1"),
            Some("/lib/libz.so.1".into())
        );
        assert_eq!(of("      12:\tcalling init: linux-vdso.so.1"), None);
        assert_eq!(
            of("      12:\tfile=libz.so.1 [0];  needed by /lib/libx.so [0]"),
            None
        );
        assert_eq!(of(""), None);
    }

    #[test]
    fn arguments_are_split_as_a_shell_does() {
        assert_eq!(split("-a 'b c' \"d\"").unwrap(), ["-a", "b c", "d"]);
        assert_eq!(split("").unwrap(), [""; 0]);
        assert_eq!(
            split("'a").unwrap_err().to_string(),
            "failed to read `--trial 'a`: a quotation has no end"
        );
    }
}
