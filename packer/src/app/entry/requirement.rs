//! What starts when APP is a package: its script, or its `__main__`.

use anyhow::{Result, anyhow, bail};
use pyship_launcher::format::manifest::{Command, Entry};

use super::known_commands;
use crate::app::suggest::quoted;
use crate::hint::WithHint as _;
use crate::packages::metadata::{Distribution, normalized};

/// Decides what the package `name`, normalized, runs: the script named like it, its only script, or `python -m` of it.
///
/// # Errors
/// When it has several scripts and none of its name, and when it has nothing that can be run.
pub(crate) fn of_requirement(name: &str, distributions: &[Distribution]) -> Result<Entry> {
    let mut own = distributions
        .iter()
        .filter(|distribution| normalized(&distribution.name) == name);
    let Some(package) = own.next() else {
        bail!("failed to find what starts: no package `{name}` was installed");
    };
    let commands = known_commands(None, std::slice::from_ref(package));
    let named = commands.iter().find(|command| normalized(&command.name) == name);
    let command = |command: &Command| {
        Ok(Entry::Commands {
            commands: vec![command.clone()],
        })
    };
    match (named, commands.as_slice()) {
        (Some(chosen), _) | (None, [chosen]) => return command(chosen),
        (None, []) => {}
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|command| command.name.as_str()).collect();
            return Err(anyhow!(
                "failed to choose what starts: `{}` has the scripts {}, and none of its own name",
                package.name,
                quoted(&names)
            ))
            .hint(format!("choose one with `-c {}`", names[0]));
        }
    }
    let mains = &package.main_packages;
    let own = mains.iter().find(|main| normalized(main) == name);
    match (own, mains.as_slice()) {
        (Some(main), _) | (None, [main]) => Ok(Entry::Module { name: main.clone() }),
        _ => Err(anyhow!(
            "failed to find what starts: `{}` has neither scripts nor a package with `__main__.py`",
            package.name
        ))
        .hint(format!(
            "name a module with `-m MODULE`; `--with {}` packs it with an interpreter",
            package.name
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(scripts: &[&str], mains: &[&str]) -> Vec<Distribution> {
        let scripts = scripts
            .iter()
            .map(|name| ((*name).to_owned(), "demo:main".to_owned()));
        vec![Distribution {
            name: "Demo_Thing".into(),
            console_scripts: scripts.collect(),
            main_packages: mains.iter().map(|name| (*name).to_owned()).collect(),
            ..Distribution::default()
        }]
    }

    fn decided(scripts: &[&str], mains: &[&str]) -> Result<String> {
        Ok(match of_requirement("demo-thing", &package(scripts, mains))? {
            Entry::Commands { commands } => format!("-c {}", commands[0].name),
            Entry::Module { name } => format!("-m {name}"),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_script_of_its_name_then_the_only_one_then_main() {
        assert_eq!(
            decided(&["a", "demo_thing", "b"], &["demo"]).unwrap(),
            "-c demo_thing"
        );
        assert_eq!(decided(&["other"], &["demo"]).unwrap(), "-c other");
        assert_eq!(decided(&[], &["demo"]).unwrap(), "-m demo");
        assert_eq!(decided(&[], &["x", "demo_thing"]).unwrap(), "-m demo_thing");
        let error = decided(&["a", "b"], &[]).unwrap_err().to_string();
        assert!(error.contains("has the scripts `a`, `b`"), "{error}");
        assert!(decided(&[], &[]).is_err() && decided(&[], &["x", "y"]).is_err());
    }
}
