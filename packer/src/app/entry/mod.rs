//! The entry point of a packed file: decided by the options, the app and its packages, without running anything.

mod requirement;
mod starts;

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use pyship_launcher::format::manifest::{Command, Entry};
use pyship_launcher::format::names::APP_CODE;

use super::modules::{self, Found};
use super::pyproject::Project;
use super::source::AppSource;
use super::suggest::{quoted, similar};
use crate::hint::WithHint;
use crate::packages::metadata::{Distribution, normalized};
pub(crate) use requirement::of_requirement;
pub(crate) use starts::starts;

/// Files of a directory that run it. The first that exists counts.
const MAIN_FILES: &[&str] = &["__main__.py", "main.py", "app.py"];

/// `-c '*'`: all scripts of the project.
const ALL: &str = "*";

/// Whether the directory has a file that runs it.
pub(super) fn has_main_file(directory: &Path) -> bool {
    MAIN_FILES.iter().any(|name| directory.join(name).is_file())
}

/// `-m`, `-e` and `-c`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EntryFlags {
    /// `-m MODULE`
    pub(crate) module: Option<String>,
    /// `-e PKG.MOD:FUNC`
    pub(crate) function: Option<String>,
    /// `-c SCRIPT`, in order.
    pub(crate) commands: Vec<String>,
}

/// Decides what runs: what `flags` name, else the app's `[project.scripts]`, else one of [`MAIN_FILES`]. Without an app
/// and flags the packed file is an interpreter.
///
/// # Errors
/// When more than one flag is given or one names what does not exist, and when an app has no entry point.
pub(crate) fn decide(
    flags: &EntryFlags,
    app: Option<&AppSource>,
    distributions: &[Distribution],
) -> Result<Entry> {
    match (&flags.module, &flags.function, &flags.commands[..]) {
        (None, None, []) => app.map_or(Ok(Entry::Interpreter), default_entry),
        (Some(module), None, []) => module_entry(module, app),
        (None, Some(function), []) => function_entry(function, app),
        (None, None, names) => commands_entry(names, app, distributions),
        _ => bail!("failed to choose the entry point: only one of -m, -e and -c can be used"),
    }
}

fn module_entry(name: &str, app: Option<&AppSource>) -> Result<Entry> {
    if let Some(stem) = name.strip_suffix(".py") {
        bail!(
            "failed to read `-m {name}`: a module's name has no `.py`; write `-m {}`",
            stem.replace('/', ".")
        );
    }
    if name.split('.').any(str::is_empty) || name.contains(['/', ':', ' ']) {
        bail!("failed to read `-m {name}`: it is not the name of a module, like `package.module`");
    }
    if let Some(app) = app {
        match modules::find(app, name) {
            Found::Missing => bail!("failed to find the module `{name}` in `{}`", app.path.display()),
            Found::Package => bail!(
                "failed to find what `-m {name}` runs: the package `{name}` of `{}` has no `__main__.py`",
                app.path.display()
            ),
            Found::Runnable | Found::Elsewhere => {}
        }
    }
    Ok(Entry::Module {
        name: name.to_owned(),
    })
}

fn function_entry(text: &str, app: Option<&AppSource>) -> Result<Entry> {
    let Some((module, attr)) = parse_function(text) else {
        bail!(
            "failed to read `-e {text}`: an entry point is a module and a function, like `package.module:function`"
        );
    };
    if let Some(app) = app
        && modules::find(app, module) == Found::Missing
    {
        bail!("failed to find the module `{module}` in `{}`", app.path.display());
    }
    Ok(Entry::Function {
        module: module.to_owned(),
        attr: attr.to_owned(),
    })
}

fn commands_entry(
    names: &[String],
    app: Option<&AppSource>,
    distributions: &[Distribution],
) -> Result<Entry> {
    let known = known_commands(app, distributions);
    let mut commands: Vec<Command> = Vec::new();
    for name in names {
        if name == ALL {
            let own = app.and_then(project).map(project_commands).unwrap_or_default();
            if own.is_empty() {
                bail!("failed to read `-c '*'`: the app is no project with scripts");
            }
            commands.extend(
                own.into_iter()
                    .filter(|command| !commands.contains(command))
                    .collect::<Vec<_>>(),
            );
            continue;
        }
        let Some(command) = known.iter().find(|command| command.name == *name) else {
            bail!("failed to find the script `{name}`: {}", instead(name, &known));
        };
        if !commands.contains(command) {
            commands.push(command.clone());
        }
    }
    Ok(Entry::Commands { commands })
}

/// Every script that `-c` can name: the app's own, the entry points of packages, and the programs in `bin/`.
fn known_commands(app: Option<&AppSource>, distributions: &[Distribution]) -> Vec<Command> {
    let mut known = app.and_then(project).map(project_commands).unwrap_or_default();
    for distribution in distributions {
        for (name, function) in distribution
            .console_scripts
            .iter()
            .chain(&distribution.gui_scripts)
        {
            known.push(Command {
                name: name.clone(),
                function: Some(function.clone()),
            });
        }
    }
    for name in distributions
        .iter()
        .flat_map(|distribution| &distribution.scripts)
    {
        if known.iter().all(|command| command.name != *name) {
            known.push(Command {
                name: name.clone(),
                function: None,
            });
        }
    }
    known
}

/// What to use in place of an unknown script.
fn instead(name: &str, known: &[Command]) -> String {
    let names: Vec<&str> = known.iter().map(|command| command.name.as_str()).collect();
    let similar = similar(name, names.iter().copied());
    match (similar.as_slice(), names.as_slice()) {
        ([_, ..], _) => format!("did you mean {}?", quoted(&similar)),
        ([], []) => "no packed package has scripts".to_owned(),
        ([], few) if few.len() <= 10 => format!("the known ones are {}", quoted(few)),
        ([], many) => format!(
            "the known ones are {} and {} others",
            quoted(&many[..10]),
            many.len() - 10
        ),
    }
}

fn default_entry(app: &AppSource) -> Result<Entry> {
    if let Some(path) = &app.script {
        return Ok(Entry::Script { path: path.clone() });
    }
    if let Some(name) = &app.module {
        return Ok(Entry::Module { name: name.clone() });
    }
    let commands = project(app).map(project_commands).unwrap_or_default();
    for Command { name, function } in &commands {
        let function = function.as_deref().unwrap_or_default();
        if parse_function(function).is_none() {
            bail!(
                "failed to read the script `{name}` of [project.scripts]: `{function}` is not of the form `package.module:function`"
            );
        }
    }
    if let Some(command) = chosen(&commands, project(app))? {
        return function_entry(command.function.as_deref().unwrap_or_default(), Some(app));
    }
    for file in MAIN_FILES {
        if app.tree.get(format!("{APP_CODE}/{file}")).is_some() {
            return Ok(Entry::Script {
                path: (*file).to_owned(),
            });
        }
    }
    let packages = modules::runnable_packages(app);
    let hint = match packages.first() {
        Some(package) => format!("-m {package}"),
        None => "-m MODULE, -e PKG.MOD:FUNC or -c SCRIPT".to_owned(),
    };
    bail!(
        "failed to find the entry point of `{}`: it has no [project.scripts] in pyproject.toml and no {}; name it with {hint}",
        app.path.display(),
        quoted(MAIN_FILES)
    )
}

/// The only command, or of several the one that is named like the project.
fn chosen<'a>(commands: &'a [Command], project: Option<&Project>) -> Result<Option<&'a Command>> {
    let own = project
        .and_then(|project| project.name.as_deref())
        .map(normalized);
    match commands {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        [first, ..] if Some(normalized(&first.name)) == own => Ok(Some(first)),
        [first, ..] => {
            let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
            Err(anyhow!(
                "failed to choose what starts: the project has the scripts {}, and none is named like it",
                quoted(&names)
            ))
            .hint(format!(
                "name one with `-c {}`, or take all with `-c '*'`",
                first.name
            ))
        }
    }
}

fn project(app: &AppSource) -> Option<&Project> {
    app.project.as_ref()
}

/// The project's scripts, sorted by name, except that the one named after the project is first: it runs when the file
/// is called by an unknown name.
fn project_commands(project: &Project) -> Vec<Command> {
    let scripts = project.scripts.iter().chain(&project.gui_scripts);
    let mut commands: Vec<Command> = scripts
        .map(|(name, function)| Command {
            name: name.clone(),
            function: Some(function.clone()),
        })
        .collect();
    let own = project.name.as_deref().map(normalized);
    commands.sort_by_key(|command| Some(normalized(&command.name)) != own);
    commands
}

/// The two parts of `package.module:function.attribute`.
fn parse_function(text: &str) -> Option<(&str, &str)> {
    let (module, attr) = text.split_once(':')?;
    let (module, attr) = (module.trim(), attr.trim());
    let is_name = |name: &str| {
        let mut chars = name.chars();
        chars
            .next()
            .is_some_and(|first| first.is_alphabetic() || first == '_')
            && chars.all(|c| c.is_alphanumeric() || c == '_')
    };
    let is_dotted = |path: &str| path.split('.').all(is_name);
    (is_dotted(module) && is_dotted(attr)).then_some((module, attr))
}

#[cfg(test)]
mod tests;
