//! What starts, as a person says it.

use pyship_launcher::format::manifest::{Command, Entry};

use crate::app::pyproject::Project;
use crate::packages::metadata::Distribution;

/// What `entry` starts: ``the script `main.py` ``. A function that a console script of the `project` or of
/// `distributions` calls is named as that script.
pub(crate) fn starts(entry: &Entry, project: Option<&Project>, distributions: &[Distribution]) -> String {
    match entry {
        Entry::Script { path } => format!("the script `{path}`"),
        Entry::Module { name } => format!("the module `{name}`, as `python -m {name}`"),
        Entry::Function { module, attr } => {
            let function = format!("{module}:{attr}");
            match script_of(&function, project, distributions) {
                Some(name) => format!("the console script `{name}` (`{function}`)"),
                None => format!("the function `{function}`"),
            }
        }
        Entry::Commands { commands } => match &commands[..] {
            [command] => format!("the console script {}", shown(command)),
            [first, ..] => {
                let names: Vec<String> = commands.iter().map(shown).collect();
                format!(
                    "the console script that the file is called by, else `{}`: {}",
                    first.name,
                    names.join(", ")
                )
            }
            [] => "nothing".to_owned(),
        },
        Entry::Interpreter => "the interpreter: the file behaves like `python`".to_owned(),
    }
}

/// `` `http` (`httpie.__main__:main`) ``
fn shown(command: &Command) -> String {
    match &command.function {
        Some(function) => format!("`{}` (`{function}`)", command.name),
        None => format!("`{}`", command.name),
    }
}

fn script_of<'a>(
    function: &str,
    project: Option<&'a Project>,
    distributions: &'a [Distribution],
) -> Option<&'a str> {
    let own = project
        .into_iter()
        .flat_map(|one| one.scripts.iter().chain(&one.gui_scripts));
    let scripts = distributions
        .iter()
        .flat_map(|one| one.console_scripts.iter().chain(&one.gui_scripts));
    let scripts = scripts.map(|(name, calls)| (name, calls));
    let (name, _) = own.chain(scripts).find(|(_, calls)| *calls == function)?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_entry() {
        let says = |entry: Entry| {
            let demo = Distribution {
                console_scripts: vec![("demo".into(), "demo.cli:main".into())],
                ..Distribution::default()
            };
            let project = Project {
                scripts: [("own".into(), "own:main".into())].into(),
                ..Project::default()
            };
            starts(&entry, Some(&project), &[demo])
        };
        let function = |module: &str| Entry::Function {
            module: module.into(),
            attr: "main".into(),
        };
        let command = |name: &str, function: Option<&str>| Command {
            name: name.into(),
            function: function.map(str::to_owned),
        };
        let script = Entry::Script { path: "a.py".into() };
        assert_eq!(says(script), "the script `a.py`");
        let module = Entry::Module { name: "a.b".into() };
        assert_eq!(says(module), "the module `a.b`, as `python -m a.b`");
        assert_eq!(says(function("own")), "the console script `own` (`own:main`)");
        assert_eq!(says(function("other")), "the function `other:main`");
        assert_eq!(
            says(function("demo.cli")),
            "the console script `demo` (`demo.cli:main`)"
        );
        let commands = vec![command("a", Some("x:y"))];
        assert_eq!(
            says(Entry::Commands { commands }),
            "the console script `a` (`x:y`)"
        );
        let commands = vec![command("a", Some("x:y")), command("b", None)];
        assert_eq!(
            says(Entry::Commands { commands }),
            "the console script that the file is called by, else `a`: `a` (`x:y`), `b`"
        );
        assert_eq!(
            says(Entry::Interpreter),
            "the interpreter: the file behaves like `python`"
        );
    }
}
