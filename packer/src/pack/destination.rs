//! OUT: what `-o` names, else `dist/NAME` after the project, the app, or the one package that is packed.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use pyship_launcher::payload::Payload;

use crate::app::input::Input;
use crate::hint::WithHint;
use crate::options::PackOptions;
use crate::output;
use crate::packages::pins;
use crate::temporary::MadeDirectory;
use crate::usage::WrongUsage;

/// Directory of OUT where there is no `-o`.
const DIRECTORY: &str = "dist";
/// The first bytes of a program.
const ELF: &[u8] = b"\x7fELF";

/// The file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    /// OUT.
    pub(super) path: PathBuf,
    /// Its name, when there is no `-o`: it is the app's, too.
    pub(super) name: Option<String>,
}

impl Destination {
    /// The one that `options`, those of the command line, name for `input`.
    ///
    /// # Errors
    /// When `-o` names no file, or there is nothing to name it after.
    pub(super) fn new(options: &PackOptions, input: &Input) -> Result<Self> {
        if let Some(path) = &options.output {
            check_name(path)?;
            return Ok(Self {
                path: path.clone(),
                name: None,
            });
        }
        let name = match options.app.as_deref() {
            Some(app) => input
                .project_name()
                .map(str::to_owned)
                .or_else(|| name_of_app(app)),
            None => name_of_package(options),
        };
        let is_name =
            |name: &String| !name.is_empty() && !name.contains('/') && !name.starts_with(['.', '-']);
        let wrong = || WrongUsage("failed to name the file: nothing says what to call it".to_owned());
        let hint = match options.app {
            Some(_) => "name it with -o OUT",
            None => "name the app that is to be packed, such as `pyship pack .`, or the file with -o OUT",
        };
        let name = name.filter(is_name).ok_or_else(wrong).hint(hint)?;
        Ok(Self {
            path: Path::new(DIRECTORY).join(&name),
            name: Some(name),
        })
    }

    /// Makes the directory of a file that `-o` does not name, and checks that what is replaced may be.
    ///
    /// # Errors
    /// See [`output::check`] and [`check_replaced`]. Without `-o`, only a packed file is replaced.
    pub(super) fn prepare(&self, inputs: &[PathBuf]) -> Result<Option<MadeDirectory>> {
        let made = match &self.name {
            Some(_) => MadeDirectory::new(Path::new(DIRECTORY))
                .with_context(|| format!("failed to make the directory `{DIRECTORY}`"))?,
            None => None,
        };
        output::check(&self.path, inputs)?;
        if self.name.is_some() && matches!(Payload::open(&self.path), Ok(None)) {
            refused(&self.path, "pyship has not made it").hint("name another file with -o OUT")?;
        }
        check_replaced(&self.path)?;
        Ok(made)
    }
}

/// Refuses to replace a file that is no program: installers read files that are not known here, so that any other file
/// could be an input.
///
/// # Errors
/// When it is one, or can't be read.
pub(super) fn check_replaced(path: &Path) -> Result<()> {
    let replaceable =
        !path.is_file() || matches!(Payload::open(path), Ok(Some(_))) || is_program_or_empty(path)?;
    if replaceable {
        return Ok(());
    }
    refused(path, "is not a program").hint("remove it, or name another file with -o OUT")
}

fn refused(path: &Path, why: &str) -> Result<()> {
    Err(anyhow!(
        "failed to write `{}`: it exists, and {why}",
        path.display()
    ))
}

/// Whether a file is empty, or an ELF file and no link to one.
fn is_program_or_empty(path: &Path) -> Result<bool> {
    let mut head = Vec::new();
    fs_err::File::open(path)?
        .take(ELF.len() as u64)
        .read_to_end(&mut head)?;
    let is_link = fs_err::symlink_metadata(path)?.is_symlink();
    Ok(head.is_empty() || head == ELF && !is_link)
}

/// Refuses `-` and `dist/`, which name no file.
fn check_name(path: &Path) -> Result<()> {
    let text = path.as_os_str().as_encoded_bytes();
    let refused = |why: &str| {
        let wrong = WrongUsage(format!("failed to write `{}`: {why}", path.display()));
        Err(anyhow::Error::new(wrong))
    };
    if text == b"-" {
        return refused("a packed file can't be written to standard output")
            .hint("`./-` is a file of that name");
    }
    ensure!(
        !text.is_empty(),
        WrongUsage("failed to write OUT: its name is empty".to_owned())
    );
    if text.ends_with(b"/") && !path.is_dir() {
        return refused("it is the name of a directory").hint("name a file in it");
    }
    Ok(())
}

/// The name of a directory, else of a file without its ending, else of a package.
fn name_of_app(app: &Path) -> Option<String> {
    let real = fs_err::canonicalize(app).ok();
    let of_path = |path: &Path| {
        let name = if path.is_dir() {
            path.file_name()
        } else {
            path.file_stem()
        };
        name.and_then(|name| name.to_str()).map(str::to_owned)
    };
    match real {
        Some(real) if real.is_dir() => of_path(&real),
        // A link is named as it is called.
        Some(_) if app.extension() != Some("whl".as_ref()) => of_path(app),
        _ => name_of_requirement(app.file_name()?.to_str()?),
    }
}

/// The one script, else the one package.
fn name_of_package(options: &PackOptions) -> Option<String> {
    match (options.command.as_slice(), options.with.as_slice()) {
        ([command], _) => Some(command.clone()),
        ([], [requirement]) => name_of_requirement(requirement),
        _ => None,
    }
}

/// The name in `httpx[http2]>=0.27`, `name @ URL` and `./wheels/six-1.16-py3-none-any.whl`.
fn name_of_requirement(text: &str) -> Option<String> {
    let text = text.strip_prefix("pypi:").unwrap_or(text);
    let (text, ends): (&str, &[char]) = match pins::local_path(text) {
        Some(path) => (path.trim_end_matches('/').rsplit('/').next()?, &['-']),
        None => (text, &[' ', '[', '<', '>', '=', '!', '~', ';', '@', '(']),
    };
    let name = text.split(ends).next()?;
    let is_name = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(options: &PackOptions) -> Result<String> {
        let input = Input::detect(options.app.as_deref())?;
        let found = Destination::new(options, &input)?;
        Ok(found.path.display().to_string())
    }

    #[test]
    fn without_o_it_is_named_after_what_is_packed() {
        let place = tempfile::tempdir().unwrap();
        let app = place.path().join("my.app");
        fs_err::create_dir(&app).unwrap();
        fs_err::write(place.path().join("my.tool.py"), "").unwrap();
        let of_app = |path: &Path| {
            named(&PackOptions {
                app: Some(path.to_owned()),
                ..PackOptions::default()
            })
        };
        assert_eq!(of_app(&app).unwrap(), "dist/my.app");
        assert_eq!(of_app(&app.join("../my.tool.py")).unwrap(), "dist/my.tool");
        fs_err::write(app.join("pyproject.toml"), "[project]\nname = 'Demo'\n").unwrap();
        assert_eq!(of_app(&app.join(".")).unwrap(), "dist/Demo");
    }

    #[test]
    fn without_an_app_it_is_named_after_the_one_script_or_package() {
        let of = |with: &[&str], command: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
            named(&PackOptions {
                with: owned(with),
                command: owned(command),
                ..PackOptions::default()
            })
        };
        assert_eq!(of(&["a", "b"], &["http"]).unwrap(), "dist/http");
        assert_eq!(of(&["httpx[http2]>=0.27"], &[]).unwrap(), "dist/httpx");
        assert_eq!(of(&["./w/six-1.16-py3-none-any.whl"], &[]).unwrap(), "dist/six");
        for (with, command) in [(&["a", "b"][..], &[][..]), (&[], &[]), (&["a"], &["x", "y"])] {
            let error = of(with, command).unwrap_err();
            assert!(crate::usage::is_wrong(&error), "{error:#}");
        }
    }

    #[test]
    fn names_of_no_file_are_refused() {
        let refused = |name: &str| check_name(Path::new(name)).unwrap_err().to_string();
        assert_eq!(
            refused("-"),
            "failed to write `-`: a packed file can't be written to standard output"
        );
        assert_eq!(
            refused("gone/"),
            "failed to write `gone/`: it is the name of a directory"
        );
        check_name(Path::new("./-")).unwrap();
    }
}
