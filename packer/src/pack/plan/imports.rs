//! What the app imports that would not be in the file. A pack's trial run finds that out in the finished file; a plan
//! follows the imports of the app's files through the names of the modules that the layers have, and runs nothing of it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use pyship_launcher::format::names::APP_CODE;
use serde_json::json;

use super::super::app::App;
use super::super::problems::{self, Problem};
use super::super::{Pack, packages, trial};
use crate::child;
use crate::tree::{Node, Tree};

/// Directory of the app's files in the scratch directory.
const CODE: &str = "plan";

/// The trial's script with other answers to what can be imported.
const SCRIPT: &str = concat!(
    include_str!("before.py"),
    include_str!("../imports.py"),
    include_str!("../databases.py"),
    include_str!("../trial/trial.py"),
    include_str!("after.py")
);

/// What the app's modules import that is nowhere; none when that was not looked for.
///
/// # Errors
/// When what starts is not there, or can't be compiled.
pub(super) fn check(
    pack: &Pack<'_>,
    app: &App,
    packages: &packages::Facts,
    stdlib: &BTreeSet<String>,
) -> Result<Option<Vec<Problem>>> {
    if !trial::is_wanted(pack) {
        return Ok(None);
    }
    let code = pack.scratch.path().join(CODE);
    lay_out(&app.tree, &code)?;
    let directories = app.facts.directories.iter();
    let directories = directories.map(|name| String::from_utf8_lossy(name).into_owned());
    let given = json!({
        "code": code.to_string_lossy(),
        "directories": directories.collect::<Vec<_>>(),
        "stdlib": stdlib,
        "packages": packages.modules,
        // `.pth` files add directories that are known only at run time.
        "lenient": packages.site,
    });
    let mut command = pack
        .interpreters
        .environment
        .command(&pack.interpreters.builder.executable);
    command.args(["-I", "-S", "-B", "-c", SCRIPT]);
    command.args(trial::arguments(&app.facts.entry));
    run(&mut command, &given.to_string()).map(Some)
}

fn run(command: &mut Command, given: &str) -> Result<Vec<Problem>> {
    let answer = child::output(command, given.as_bytes());
    match answer {
        Ok(output) => Ok(problems::parse(&String::from_utf8_lossy(&output))),
        Err(error) => match error
            .output
            .lines()
            .last()
            .and_then(|line| line.strip_prefix(trial::NOT_THERE))
        {
            Some(what) => bail!("failed to find the entry point: {what}"),
            None => Err(error).context("failed to follow the imports of the app"),
        },
    }
}

/// Puts the app's code into a new directory: links to files of the builder, which are not copied.
fn lay_out(tree: &Tree, code: &Path) -> Result<()> {
    fs_err::create_dir(code)?;
    for (path, node) in tree.iter() {
        let Some(below) = path
            .strip_prefix(APP_CODE.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"/"))
        else {
            continue;
        };
        let to = code.join(PathBuf::from(OsString::from_vec(below.to_vec())));
        match node {
            Node::Directory(_) => fs_err::create_dir(&to)?,
            Node::Symlink(target) => {
                fs_err::os::unix::fs::symlink(PathBuf::from(OsString::from_vec(target.clone())), &to)?;
            }
            Node::File(file) => match file.content.source() {
                Some(from) => fs_err::os::unix::fs::symlink(std::path::absolute(from)?, &to)?,
                None => fs_err::write(&to, file.content.read()?)?,
            },
        }
    }
    Ok(())
}
