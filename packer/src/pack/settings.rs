//! Options that become settings of the file: interpreter options and environment variables, checked.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use crate::usage::WrongUsage;

/// `--option`s, checked: those that make the interpreter ignore its environment would make it ignore ours.
pub(super) fn interpreter_options(options: &[String]) -> Result<Vec<String>> {
    for option in options {
        let letters = option.strip_prefix('-').unwrap_or_default();
        let valued = letters.starts_with(['X', 'W']);
        ensure!(
            !letters.is_empty() || options.iter().any(|other| other == "-X" || other == "-W"),
            "failed to use `--option={option}`: an interpreter option begins with `-`, such as -Xutf8 or -Werror"
        );
        ensure!(
            valued || !letters.contains(['I', 'E', 'c', 'm', 'h', 'V', '-']),
            "failed to use `--option={option}`: the app could not start with it"
        );
    }
    Ok(options.to_vec())
}

/// `--data-dir`: one name, not a path.
pub(super) fn data_directory(name: Option<&str>) -> Result<Option<String>> {
    let is_wrong = |name: &str| matches!(name, "" | "." | "..") || name.contains(['/', '\0']);
    if let Some(name) = name.filter(|name| is_wrong(name)) {
        let what = format!(
            "failed to use `--data-dir {}`: it is not a name",
            name.escape_debug()
        );
        return Err(WrongUsage(what).into());
    }
    Ok(name.map(str::to_owned))
}

/// `--set-env`; of two with one name the later one counts.
pub(super) fn environment(pairs: &[String]) -> Result<BTreeMap<String, String>> {
    let mut environment = BTreeMap::new();
    for pair in pairs {
        let (name, value) = pair.split_once('=').with_context(|| {
            format!("failed to read `--set-env {pair}`: it is not of the form NAME=VALUE")
        })?;
        ensure!(
            !name.is_empty(),
            "failed to read `--set-env {pair}`: the name is empty"
        );
        ensure!(
            !pair.contains('\0'),
            "failed to read `--set-env {name}`: it holds a NUL"
        );
        environment.insert(name.to_owned(), value.to_owned());
    }
    Ok(environment)
}
