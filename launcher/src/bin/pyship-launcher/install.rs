//! `PYSHIP=install DIR`: links to the file, by the names of its commands.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use pyship_launcher::bytes::as_path;
use pyship_launcher::error::{Error, Kind, Result, cause, plain};
use pyship_launcher::format::manifest::Entry;
use pyship_launcher::payload::Payload;

/// Writes a link for each command, or one named like the app, and gives a line for each. Links to the file that are there
/// already stay.
///
/// # Errors
/// When one of the names is taken by anything else, before the first link is written; or a link can't be written.
pub(crate) fn install(payload: &Payload, arguments: &[Vec<u8>]) -> Result<String> {
    let [directory] = arguments else {
        return Err(Error::new(
            Kind::Other,
            "failed to install the commands: it takes one argument, the directory for the links",
        ));
    };
    let directory = as_path(directory);
    let failed = |path: &Path, error: &io::Error| Error::path(Kind::Other, "install", path, cause(error));
    let file = fs::canonicalize(&payload.path).map_err(|error| failed(&payload.path, &error))?;
    let manifest = payload.manifest()?;
    let names: Vec<&String> = match &manifest.entry {
        Entry::Commands { commands } => commands.iter().map(|command| &command.name).collect(),
        _ => vec![&manifest.name],
    };
    let links: Vec<PathBuf> = names.iter().map(|name| directory.join(name)).collect();
    let is_ours = |link: &Path| fs::canonicalize(link).is_ok_and(|target| target == file);
    for link in &links {
        if link.symlink_metadata().is_ok() && !is_ours(link) {
            let error = Error::path(
                Kind::Other,
                "install",
                link,
                "it exists and is no link to this file",
            );
            return Err(error.hint("remove it, or name another directory"));
        }
    }
    fs::create_dir_all(directory).map_err(|error| failed(directory, &error))?;
    let mut text = String::new();
    for link in &links {
        match symlink(&file, link) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists || !is_ours(link) => {
                return Err(failed(link, &error));
            }
            _ => {}
        }
        text.push_str(&plain(format!("{} -> {}", link.display(), file.display())));
        text.push('\n');
    }
    Ok(text)
}
