//! Files with several commands: `PYSHIP=run` and `PYSHIP=install`.

use std::path::Path;

use harness::{Pack, Packed, Run, pyship, scratch};

/// A file with the commands `alpha` and `beta`, and the fixed argument `-v`. Its name is that of no command.
fn pack() -> Pack {
    Pack::new("tests/apps/commands").args(["-c", "*", "--arg=-v"])
}

fn packed() -> Packed {
    pack().run()
}

fn tool(name: &str) -> Run {
    packed().run().env("PYSHIP", name)
}

#[test]
fn run_starts_a_command_by_its_name() {
    let place = scratch();
    pack()
        .command_to(&place.path().join("again.bin"))
        .stderr_has("commands: alpha, beta; called by another name, the file runs alpha\n")
        .success();
    packed().run().arg("x").stdout("alpha ['-v', 'x']\n").success();
    tool("run")
        .args(["beta", "x"])
        .stdout("beta ['-v', 'x']\n")
        .success();
    tool("run")
        .args(["alpha", "-v"])
        .stdout("alpha ['-v', '-v']\n")
        .success();
    let again = tool("run").args(["beta", "by-file", "-v"]);
    again.stdout("beta ['-v', 'by-file', '-v']\n").success();
    let hint = "hint: call it as PYSHIP=run FILE COMMAND [ARGUMENTS...]\n";
    tool("run")
        .arg("gamma")
        .stderr(format!(
            "pyship: failed to run `gamma`: the file's commands are: alpha, beta\n{hint}"
        ))
        .exits(125);
    tool("run")
        .stderr(format!(
            "pyship: failed to run a command: the file's commands are: alpha, beta\n{hint}"
        ))
        .exits(125);
}

#[test]
fn install_writes_links_and_replaces_nothing() {
    let place = scratch();
    let bin = place.path().join("new/bin");
    let file = fs_err::canonicalize(&packed().path).unwrap();
    let lines = |bin: &Path| {
        let line = |name| format!("{} -> {}\n", bin.join(name).display(), file.display());
        line("alpha") + &line("beta")
    };
    for _ in ["made", "there already"] {
        tool("install").arg(&bin).stdout(lines(&bin)).success();
    }
    let cache = place.path().join("cache");
    let beta = Run::new(bin.join("beta"))
        .arg("x")
        .env("PYSHIP_CACHE_DIR", &cache);
    beta.stdout("beta ['-v', 'x']\n").success();

    let taken = place.path().join("taken");
    fs_err::create_dir(&taken).unwrap();
    fs_err::write(taken.join("beta"), "mine").unwrap();
    let refused = format!(
        "pyship: failed to install `{}`: it exists and is no link to this file\n\
         hint: remove it, or name another directory\n",
        taken.join("beta").display()
    );
    tool("install").arg(&taken).stderr(&*refused).exits(125);
    assert!(!taken.join("alpha").exists());
    assert_eq!(fs_err::read_to_string(taken.join("beta")).unwrap(), "mine");
    // A link to anything else is not its own, a link to nothing neither.
    fs_err::remove_file(taken.join("beta")).unwrap();
    fs_err::os::unix::fs::symlink("nowhere", taken.join("beta")).unwrap();
    tool("install").arg(&taken).stderr(&*refused).exits(125);
    tool("install")
        .stderr(
            "pyship: failed to install the commands: it takes one argument, the directory for the links\n",
        )
        .exits(125);
}

#[test]
fn a_file_with_one_program_is_installed_by_its_name() {
    let place = scratch();
    let hello = Pack::new("examples/hello/hello.py").run();
    let bin = place.path().join("bin");
    let install = hello.run().env("PYSHIP", "install").arg(&bin);
    install.stdout_has(" -> ").success();
    assert_eq!(
        fs_err::canonicalize(bin.join("hello")).unwrap(),
        fs_err::canonicalize(&hello.path).unwrap()
    );
    let run = hello.run().env("PYSHIP", "run").arg("hello");
    run.stderr_has("failed to run `hello`: the file has no commands\n")
        .exits(125);
    let manifest = Run::inheriting(pyship())
        .args(["inspect", "--json"])
        .arg(&hello.path);
    let manifest = manifest.stdout_any().success().json();
    assert_eq!(manifest["arguments"], serde_json::Value::Null);
}
