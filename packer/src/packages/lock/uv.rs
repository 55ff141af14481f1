//! Locks of uv, by `uv export`: it knows which packages a selection of extras and groups needs, and refuses a lock that
//! does not fit the project any more.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use crate::child::{self, ChildError};
use crate::environment::Environment;
use crate::hint::WithHint;
use crate::packages::request::Request;

/// A call of `uv export`.
#[derive(Debug, Clone)]
pub(in crate::packages) struct Export {
    uv: PathBuf,
    environment: Environment,
    python: PathBuf,
    options: Vec<OsString>,
    /// What is exported, for messages.
    subject: PathBuf,
    /// The command that brings the lock up to date.
    update: String,
}

impl Export {
    /// The export of the project in `directory`.
    pub(super) fn project(uv: &Path, environment: &Environment, request: &Request, directory: &Path) -> Self {
        let mut options: Vec<OsString> = vec!["--no-emit-project".into(), "--locked".into()];
        options.extend(request.declared.selection.export_options());
        Self::new(uv, environment, request, directory, options, "uv lock".to_owned())
    }

    /// The export of a script's metadata; a script needs no lock.
    pub(in crate::packages) fn script(
        uv: &Path,
        environment: &Environment,
        request: &Request,
        script: &Path,
        locked: bool,
    ) -> Self {
        let mut options: Vec<OsString> = vec!["--script".into(), script.into()];
        options.extend(locked.then(|| "--locked".into()));
        let name = script.file_name().unwrap_or_default().to_string_lossy();
        let update = format!("uv lock --script {name}");
        Self::new(uv, environment, request, script, options, update)
    }

    fn new(
        uv: &Path,
        environment: &Environment,
        request: &Request,
        subject: &Path,
        mut options: Vec<OsString>,
        update: String,
    ) -> Self {
        // Paths in these options are relative to the working directory, which is another one here.
        options.extend(request.absolute(&environment.directory).index_options());
        let directory = if subject.is_dir() {
            Some(subject)
        } else {
            subject.parent()
        };
        let environment = Environment {
            directory: directory.unwrap_or(Path::new("/")).to_owned(),
            ..environment.clone()
        };
        Self {
            uv: uv.to_owned(),
            environment,
            python: request.python.clone(),
            options,
            subject: subject.to_owned(),
            update,
        }
    }

    /// Reads the metadata of what `options` name anew, since `uv export` takes what is in uv's cache. Nothing is written
    /// beside the script.
    ///
    /// # Errors
    /// When uv fails.
    pub(in crate::packages) fn refresh(&self, options: &[OsString]) -> Result<()> {
        if options.is_empty() {
            return Ok(());
        }
        let mut command = self.environment.installer_command(&self.uv);
        command
            .args([
                "lock",
                "--dry-run",
                "--quiet",
                "--color",
                "never",
                "--no-progress",
                "--python",
            ])
            .arg(&self.python)
            .args(&self.options)
            .args(options);
        child::output(&mut command, b"")?;
        Ok(())
    }

    /// The lock as a pylock.toml, with paths relative to the project.
    ///
    /// # Errors
    /// When the lock is stale, and when uv fails otherwise.
    pub(super) fn text(&self) -> Result<String> {
        let bytes = self.run(&[])?;
        String::from_utf8(bytes).context("failed to read the output of `uv export`: it is not UTF-8")
    }

    /// Writes it into the directory `scratch`, with paths relative to that.
    ///
    /// # Errors
    /// When uv fails.
    pub(in crate::packages) fn write(&self, scratch: &Path) -> Result<PathBuf> {
        let path = scratch.join("pylock.toml");
        self.run(&["--output-file".into(), path.clone().into()])?;
        Ok(path)
    }

    fn run(&self, output: &[OsString]) -> Result<Vec<u8>> {
        let mut command = self.environment.installer_command(&self.uv);
        command
            .args(["export", "--quiet", "--color", "never", "--no-progress"])
            .args([
                "--format",
                "pylock.toml",
                "--no-header",
                "--no-editable",
                "--python",
            ])
            .arg(&self.python)
            .args(&self.options)
            .args(output);
        child::output(&mut command, b"").or_else(|error| self.explained(error))
    }

    /// A stale lock is the user's to update; whatever else uv says is shown in its own words.
    fn explained(&self, error: ChildError) -> Result<Vec<u8>> {
        let subject = self.subject.display();
        if error.output.contains("--locked") {
            return Err(anyhow!(
                "failed to use the lock of `{subject}`: it does not fit what the project declares"
            ))
            .hint(format!(
                "run `{}`, or pass --no-lock to resolve anew",
                self.update
            ));
        }
        let failed = match error.output.contains("is not defined in") {
            true => format!("failed to find the extras and groups in `{subject}`"),
            false => format!("failed to read the lock of `{subject}`"),
        };
        Err(error).context(failed)
    }
}
