//! Downloads, verified by their SHA-256.
//!
//! A download that breaks off goes on where it ended, after a pause, as long as bytes come. Nothing of one that failed
//! is kept.

mod agent;
mod failure;
mod request;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ::url::Url;
use anyhow::{Context, Result, ensure};
use fs_err as fs;
use pyship_launcher::hex::hex;
use pyship_launcher::removal::remove_directory;
use sha2::{Digest, Sha256};

use self::failure::Failure;
use self::request::{Known, Progress, request};
use crate::environment::Environment;
use crate::names::ENV_HTTP_TIMEOUT;
use crate::ui::{Ui, without_codes};
use crate::{size, url};

/// Names of files that are being downloaded begin with this.
const UNFINISHED: &str = ".download-";
/// With this or that begin names of what is being downloaded, unpacked or removed.
const TEMPORARY: [&str; 3] = [UNFINISHED, "python-", ".removed-"];
/// What is older was left by a kill.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 60 * 60);
const DEFAULT_TIMEOUT: u64 = 30;
/// How often a download is begun or continued without a success between.
const ATTEMPTS: u32 = 4;
/// Bytes that count as success.
const SUCCESS: u64 = 64 << 10;

/// Makes downloads.
pub(crate) struct Downloads<'a> {
    agent: ureq::Agent,
    /// For a connection, and for each answer.
    timeout: Duration,
    /// Before the second attempt; each further pause is twice as long.
    pause: Duration,
    ui: &'a Ui,
}

impl<'a> Downloads<'a> {
    /// With the proxies, the certificates and the timeout that the environment sets.
    ///
    /// # Errors
    /// When a variable has a value that can't be used.
    pub(crate) fn new(environment: &Environment, ui: &'a Ui) -> Result<Self> {
        let seconds = match environment.get(ENV_HTTP_TIMEOUT) {
            None => DEFAULT_TIMEOUT,
            Some(value) => value
                .to_str()
                .and_then(|text| text.parse().ok())
                .filter(|seconds| *seconds > 0)
                .with_context(|| {
                    format!(
                        "failed to read {ENV_HTTP_TIMEOUT}: `{}` is no number of seconds",
                        value.display()
                    )
                })?,
        };
        let timeout = Duration::from_secs(seconds);
        Ok(Self {
            agent: agent::agent(environment, timeout)?,
            timeout,
            pause: Duration::from_millis(500),
            ui,
        })
    }

    /// Returns what is at `url` as a file in `directory`, which is made; downloads it unless it is there already.
    ///
    /// # Errors
    /// ``failed to download `URL`: …``, also when the download has another SHA-256; nothing of it is kept.
    pub(crate) fn archive(&self, url: &str, sha256: &str, directory: &Path) -> Result<PathBuf> {
        let file = directory.join(format!("{sha256}-{}", file_name(url)));
        if file.is_file() && sha256_of(&mut fs::File::open(&file)?)? == sha256 {
            return Ok(file);
        }
        fs::create_dir_all(directory)?;
        remove_left_behind(directory);
        let mut partial = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(directory)?;
        self.verified(url, sha256, partial.as_file_mut())
            .with_context(|| format!("failed to download `{}`", url::scrubbed(url, "")))?;
        partial
            .persist(&file)
            .with_context(|| format!("failed to write `{}`", file.display()))?;
        Ok(file)
    }

    /// Returns the text at `url`, of at most `limit` bytes.
    ///
    /// # Errors
    /// ``failed to download `URL`: …``
    pub(crate) fn text(&self, url: &str, limit: u64) -> Result<String> {
        let receive = || {
            let mut file = tempfile::tempfile()?;
            self.receive(url, &mut file)?;
            file.seek(SeekFrom::Start(0))?;
            let mut text = String::new();
            file.take(limit + 1).read_to_string(&mut text)?;
            ensure!(
                text.len() as u64 <= limit,
                "it has more than {}",
                size::display(limit)
            );
            Ok(text)
        };
        receive().with_context(|| format!("failed to download `{}`", url::scrubbed(url, "")))
    }

    fn verified(&self, url: &str, sha256: &str, file: &mut File) -> Result<()> {
        let resumed = self.receive(url, file)?;
        let mut found = sha256_of(file)?;
        if found != sha256 && resumed {
            // Its parts may be of different files.
            file.set_len(0)?;
            self.receive(url, file)?;
            found = sha256_of(file)?;
        }
        ensure!(found == sha256, "its SHA-256 is {found}, not {sha256}");
        Ok(())
    }

    /// Writes what is at `url` to the empty `file`; whether it came in several parts.
    fn receive(&self, url: &str, file: &mut File) -> Result<bool> {
        if url.starts_with("file:") {
            return self.copy(url, file).map(|()| false);
        }
        let mut known = Known::default();
        let (mut attempt, mut furthest) = (0, 0);
        loop {
            let failure = match request(&self.agent, url, file, &mut known, self, self.timeout) {
                Ok(()) => return Ok(known.resumed),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(error)) => error,
            };
            let length = file.metadata()?.len();
            if length >= furthest + SUCCESS {
                (attempt, furthest) = (0, length);
            }
            attempt += 1;
            if attempt == ATTEMPTS {
                return Err(failure).with_context(|| format!("gave up after {ATTEMPTS} attempts"));
            }
            let pause = self.pause * 2_u32.pow(attempt - 1);
            let failure = without_codes(&format!("{failure:#}"));
            let seconds = pause.as_secs_f32();
            self.ui.note(&format!(
                "the download was interrupted: {failure}; trying again in {seconds} s"
            ));
            std::thread::sleep(pause);
        }
    }

    /// Copies the file of a `file` URL.
    fn copy(&self, url: &str, to: &mut File) -> Result<()> {
        let path = Url::parse(url).ok().and_then(|url| url.to_file_path().ok());
        let path = path.context("the URL names no file of this machine")?;
        let length = fs::metadata(&path)?;
        ensure!(length.is_file(), "`{}` is no file", path.display());
        self.begin(0, Some(length.len()));
        let mut from = fs::File::open(&path)?;
        let mut buffer = vec![0; 128 << 10];
        loop {
            match from.read(&mut buffer)? {
                0 => return Ok(()),
                count => {
                    to.write_all(&buffer[..count])?;
                    self.advance(count as u64);
                }
            }
        }
    }
}

impl Progress for Downloads<'_> {
    fn begin(&self, have: u64, total: Option<u64>) {
        match total {
            Some(total) => self.ui.measured_step("downloading", total),
            None => self.ui.step("downloading"),
        }
        self.ui.advance(have);
    }

    fn advance(&self, bytes: u64) {
        self.ui.advance(bytes);
    }
}

/// Removes what killed downloads and installations have left; that is only tidiness.
fn remove_left_behind(directory: &Path) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let modified = entry.metadata().and_then(|data| data.modified());
        let age = modified.map(|then| SystemTime::now().duration_since(then).unwrap_or_default());
        if TEMPORARY.iter().any(|start| name.starts_with(start)) && age.is_ok_and(|age| age > LEFT_BEHIND) {
            let path = entry.path();
            let removed = if path.is_dir() {
                remove_directory(&path)
            } else {
                fs::remove_file(path)
            };
            removed.unwrap_or_default();
        }
    }
}

/// The last part of a URL, with characters only that are harmless in a path.
fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    name.chars()
        .map(|c| if is_harmless(c) { c } else { '_' })
        .collect()
}

/// The SHA-256 of a whole file.
fn sha256_of(file: &mut (impl Read + Seek)) -> Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests;
