use std::path::Path;

use super::*;
use crate::app::exclude::Excludes;
use crate::app::input::Input;

/// An app with these files, `path=content`.
fn app(files: &[&str]) -> AppSource {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        let (path, text) = file.split_once('=').unwrap_or((file, ""));
        let path = root.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
    let input = Input::detect(Some(root.path())).unwrap();
    AppSource {
        path: "app".into(),
        ..input.read(&Excludes::default()).unwrap().unwrap()
    }
}

fn flags(text: &str) -> EntryFlags {
    let mut flags = EntryFlags::default();
    let words: Vec<&str> = text.split_whitespace().collect();
    for pair in words.chunks(2) {
        match pair {
            ["-m", value] => flags.module = Some((*value).to_owned()),
            ["-e", value] => flags.function = Some((*value).to_owned()),
            ["-c", value] => flags.commands.push((*value).to_owned()),
            other => panic!("{other:?}"),
        }
    }
    flags
}

fn uvicorn() -> Distribution {
    Distribution {
        name: "uvicorn".to_owned(),
        console_scripts: vec![("uvicorn".to_owned(), "uvicorn.main:main".to_owned())],
        scripts: vec!["uvicorn".to_owned(), "native".to_owned()],
        ..Distribution::default()
    }
}

fn refused(text: &str, app: Option<&AppSource>) -> String {
    decide(&flags(text), app, &[uvicorn()]).unwrap_err().to_string()
}

fn decided(text: &str, app: Option<&AppSource>) -> Entry {
    decide(&flags(text), app, &[uvicorn()]).unwrap()
}

fn function(module: &str, attr: &str) -> Entry {
    Entry::Function {
        module: module.to_owned(),
        attr: attr.to_owned(),
    }
}

fn script(path: &str) -> Entry {
    Entry::Script {
        path: path.to_owned(),
    }
}

#[test]
fn without_an_app_the_file_is_an_interpreter_unless_flags_say_more() {
    assert_eq!(decided("", None), Entry::Interpreter);
    assert_eq!(
        decided("-m http.server", None),
        Entry::Module {
            name: "http.server".to_owned()
        }
    );
    assert_eq!(
        decided("-e uvicorn.main:main", None),
        function("uvicorn.main", "main")
    );
}

#[test]
fn the_default_is_scripts_then_files_of_usual_names() {
    assert_eq!(decided("", Some(&app(&["app.py"]))), script("app.py"));
    assert_eq!(decided("", Some(&app(&["app.py", "main.py"]))), script("main.py"));
    assert_eq!(
        decided("", Some(&app(&["app.py", "main.py", "__main__.py"]))),
        script("__main__.py")
    );
    let project = "pyproject.toml=[project]\nname = 'My_Tool'\nscripts = { my-tool = 'pkg.cli:App.run' }";
    assert_eq!(
        decided("", Some(&app(&["main.py", "pkg/cli.py", project]))),
        function("pkg.cli", "App.run")
    );
}

#[test]
fn a_single_script_runs_itself() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("hello.py");
    fs_err::write(&path, "").unwrap();
    let input = Input::detect(Some(Path::new(&path))).unwrap();
    let source = input.read(&Excludes::default()).unwrap().unwrap();
    assert_eq!(decided("", Some(&source)), script("hello.py"));
}

#[test]
fn of_several_project_scripts_the_one_named_as_the_project_starts() {
    let project = "pyproject.toml=[project]\nname = 'zed'\n[project.scripts]\nzed-admin = 'z:admin'\nzed = 'z:main'\na = 'z:a'";
    let zed = app(&["z.py", project]);
    assert_eq!(decided("", Some(&zed)), function("z", "main"));
    let Entry::Commands { commands } = decided("-c *", Some(&zed)) else {
        panic!()
    };
    let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
    assert_eq!(names, ["zed", "a", "zed-admin"]);

    let other = project.replace("name = 'zed'", "name = 'other'");
    assert_eq!(
        refused("", Some(&app(&["z.py", &other]))),
        "failed to choose what starts: the project has the scripts `a`, `zed`, `zed-admin`, and none is named like it"
    );
    assert_eq!(
        refused("-c *", Some(&app(&["z.py"]))),
        "failed to read `-c '*'`: the app is no project with scripts"
    );
}

#[test]
fn commands_are_entry_points_or_programs() {
    let Entry::Commands { commands } = decided("-c native -c uvicorn -c native", None) else {
        panic!()
    };
    assert_eq!(
        commands,
        [
            Command {
                name: "native".to_owned(),
                function: None
            },
            Command {
                name: "uvicorn".to_owned(),
                function: Some("uvicorn.main:main".to_owned())
            }
        ]
    );
}

#[test]
fn an_app_without_an_entry_is_told_what_was_looked_for() {
    assert_eq!(
        refused("", Some(&app(&["lib.py"]))),
        "failed to find the entry point of `app`: it has no [project.scripts] in pyproject.toml and no `__main__.py`, \
         `main.py`, `app.py`; name it with -m MODULE, -e PKG.MOD:FUNC or -c SCRIPT"
    );
    let src = app(&["src/demo/__init__.py", "src/demo/__main__.py", "pyproject.toml"]);
    assert!(refused("", Some(&src)).ends_with("name it with -m demo"));
}

#[test]
fn flags_that_cannot_be_meant_are_refused() {
    let app = app(&[
        "pkg/__init__.py",
        "pkg/mod.py",
        "pkg/sub/x.py",
        "pkg/fast.cpython-312-x86_64-linux-gnu.so",
    ]);
    let app = Some(&app);
    assert!(refused("-m a -c uvicorn", None).ends_with("only one of -m, -e and -c can be used"));
    assert!(refused("-m pkg/mod.py", app).ends_with("write `-m pkg.mod`"));
    assert!(refused("-m pkg..mod", app).contains("it is not the name of a module"));
    assert!(refused("-e pkg.mod", app).contains("like `package.module:function`"));
    assert!(refused("-e pkg-x:main", app).contains("like `package.module:function`"));
    assert_eq!(
        refused("-m pkg.gone", app),
        "failed to find the module `pkg.gone` in `app`"
    );
    assert_eq!(
        refused("-e pkg.gone:main", app),
        "failed to find the module `pkg.gone` in `app`"
    );
    assert!(refused("-m pkg", app).contains("has no `__main__.py`"));
    assert_eq!(
        decided("-m pkg.fast", app),
        Entry::Module {
            name: "pkg.fast".to_owned()
        }
    );
    assert_eq!(decided("-e pkg:main", app), function("pkg", "main"));
    assert_eq!(
        refused("-c uvicron", None),
        "failed to find the script `uvicron`: did you mean `uvicorn`?"
    );
    assert_eq!(
        refused("-c zzz", None),
        "failed to find the script `zzz`: the known ones are `uvicorn`, `native`"
    );
    let none = decide(&flags("-c x"), None, &[]).unwrap_err().to_string();
    assert_eq!(
        none,
        "failed to find the script `x`: no packed package has scripts"
    );
}

#[test]
fn a_bad_project_script_is_named() {
    let project = "pyproject.toml=[project]\nscripts = { demo = 'demo.cli' }";
    assert_eq!(
        refused("", Some(&app(&[project]))),
        "failed to read the script `demo` of [project.scripts]: `demo.cli` is not of the form `package.module:function`"
    );
}
