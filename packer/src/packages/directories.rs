//! The directories of the builder that a request names.

use std::path::PathBuf;

use super::pins::local_path;
use super::request::{Request, is_url};
use super::requirements_file::{self, Line, Seen};
use crate::environment::Environment;

/// The directories that `request` installs from, as its requirements and requirements files name them.
pub(crate) fn of(request: &Request, environment: &Environment) -> Vec<PathBuf> {
    let mut texts = request.requirements.clone();
    let mut seen = Seen::default();
    let mut files: Vec<PathBuf> = request
        .requirements_files
        .iter()
        .filter(|file| !is_url(file))
        .map(|file| environment.directory.join(file))
        .collect();
    while let Some(file) = files.pop() {
        if !seen.is_new(&file) {
            continue;
        }
        // The installer reports one that can't be read.
        for line in requirements_file::parse(&fs_err::read(&file).unwrap_or_default()) {
            match line {
                Line::Requirement(text) | Line::Editable(text) => texts.push(text),
                Line::File(other) if !other.contains("://") => {
                    let directory = file.parent().map(PathBuf::from).unwrap_or_default();
                    files.push(directory.join(other));
                }
                _ => {}
            }
        }
    }
    let local = |text: &String| {
        let path = local_path(text.trim()).map(str::to_owned);
        // `-e lib` names a directory without a slash.
        environment.directory.join(path.unwrap_or_else(|| text.clone()))
    };
    let paths = texts.iter().map(local);
    paths.filter(|path| path.is_dir()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_they_are_named() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().to_owned();
        for name in ["a", "b", "c", "d"] {
            fs_err::create_dir(directory.join(name)).unwrap();
        }
        fs_err::write(directory.join("r.txt"), "-r more.txt\n./a[x]\nsix\n").unwrap();
        let url = format!("lib @ file://{}/c\n", directory.display());
        fs_err::write(directory.join("more.txt"), format!("-e b\n{url}")).unwrap();
        let request = Request {
            requirements_files: vec!["r.txt".into()],
            requirements: vec!["./d".to_owned(), "six".to_owned(), "./gone".to_owned()],
            ..Request::default()
        };
        let environment = Environment {
            directory: directory.clone(),
            ..Environment::default()
        };
        let mut found = of(&request, &environment);
        found.sort();
        assert_eq!(found, ["a", "b", "c", "d"].map(|name| directory.join(name)));
    }
}
