//! What the app sees of its interpreter: design's table, each line on every minor version, against plain Python
//! in a virtual environment where there is something to compare with.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use harness::{Interpreter, Pack, Run, Venv, files_below, interpreters, repository, scratch};
use serde_json::Value;

use crate::support::{environment_app, environment_app_with, on_host, strings};

fn report(run: Run) -> Value {
    run.arg("report").stdout_any().success().json()
}

/// Plain Python running the same app, with an environment as empty.
fn plain(interpreter: &Interpreter) -> Run {
    Venv::new(interpreter, None)
        .python()
        .arg(repository().join("tests/apps/environment/main.py"))
}

#[test]
fn an_interpreter_like_that_of_a_virtual_environment() {
    for interpreter in interpreters::each_minor() {
        let packed = report(environment_app_with(interpreter).run());
        let plain = report(plain(interpreter));
        for same in [
            "version",
            "flags",
            "warnoptions",
            "xoptions",
            "dont_write_bytecode",
            "name",
            "docstring",
            "names",
        ] {
            assert_eq!(packed[same], plain[same], "{same} on {}", interpreter.full());
        }
        for same in [
            "encodings",
            "builtins",
            "umask",
            "signals",
            "groups",
            "descriptors",
            "limits",
            "stdio",
        ] {
            assert_eq!(packed[same], plain[same], "{same} on {}", interpreter.full());
        }
        assert!(
            packed["executable"].as_str().unwrap().ends_with("/bin/python3"),
            "{}",
            packed["executable"]
        );
        assert_ne!(
            packed["prefix"],
            packed["base_prefix"],
            "a virtual environment on {}",
            interpreter.full()
        );
    }
}

#[test]
fn the_path_is_app_then_stdlib_then_packages() {
    for interpreter in interpreters::each_minor() {
        let packed = Pack::new("tests/apps/environment")
            .python(interpreter)
            .with("six")
            .run();
        let path = strings(&report(packed.run())["path"]);
        let at = |wanted: &str| {
            let found = path.iter().position(|part| part.ends_with(wanted));
            found.unwrap_or_else(|| panic!("no {wanted} on {}: {path:?}", interpreter.full()))
        };
        let stdlib = at(&format!("lib/python{}", interpreter.minor()));
        assert_eq!(at("/code"), 0, "{path:?}");
        assert!(
            stdlib < at("/lib-dynload") && at("/lib-dynload") < at("/site-packages"),
            "{path:?}"
        );
        let prefix = interpreter.prefix.to_str().unwrap();
        assert!(
            interpreter.is_systems() || !path.iter().any(|part| part.starts_with(prefix)),
            "{path:?}"
        );
        assert!(!path.iter().any(|part| part.ends_with("/start")), "{path:?}");
    }
}

#[test]
fn sys_executable_with_an_empty_environment_has_the_same_path() {
    for interpreter in interpreters::each_minor() {
        let packed = Pack::new("tests/apps/environment")
            .python(interpreter)
            .with("six")
            .run();
        let paths = packed.run().arg("path_of_child").stdout_any().success().json();
        let (own, mut child) = (strings(&paths["own"]), strings(&paths["child"]));
        assert_eq!(
            child.remove(0),
            "",
            "`python -c` puts the current directory first"
        );
        // As what is installed in an environment: after the standard library.
        let mut wanted = own;
        let code = wanted.remove(0);
        wanted.insert(wanted.len() - 1, code);
        assert_eq!(child, wanted, "on {}", interpreter.full());
    }
}

/// A program that starts itself again by what it sees of its command line, in the way that its first argument names.
const RESTARTS: &str = r#"
import os, sys
way, *rest = sys.argv[1:]
cmdline = open("/proc/self/cmdline", "rb").read().split(b"\0")[:-1]
if os.environ.pop("AGAIN", None):
    print("again", sys.argv[1:])
    sys.exit()
os.environ["AGAIN"] = "1"
if way == "file":
    os.execv(cmdline[0], cmdline)
if way == "interpreter":
    os.execv(sys.executable, cmdline)
orig = getattr(sys, "orig_argv", [sys.argv[0], __file__, *sys.argv[1:]])
os.execv(sys.executable, [sys.executable, *orig[1:]])
"#;

#[test]
fn a_program_can_restart_itself_by_its_command_line() {
    let place = scratch();
    let source = format!("def main():\n{}", RESTARTS.replace('\n', "\n    "));
    fs_err::write(
        place.path().join("tool.py"),
        source + "\nif __name__ == '__main__':\n    main()\n",
    )
    .unwrap();
    for entry in [["-m", "tool"], ["-e", "tool:main"]] {
        for options in [&[][..], &["--option=-Xutf8"], &["--libc", "bundled"]] {
            let packed = Pack::new(place.path()).args(entry).args(options).run();
            for way in ["file", "interpreter", "orig_argv"] {
                let run = packed.run().args([way, "x"]);
                run.stdout(format!("again ['{way}', 'x']\n")).success();
            }
        }
    }
}

#[test]
fn the_kernel_shows_the_callers_environment_too() {
    let code =
        "print(sorted(entry for entry in open('/proc/self/environ', 'rb').read().split(b'\\0') if entry))\n";
    let place = scratch();
    fs_err::write(place.path().join("main.py"), code).unwrap();
    let packed = Pack::new(place.path()).run();
    let run = packed.run_with_cache(Path::new("/tmp")).env_clear();
    let run = run
        .env("PYTHONHOME", "/h")
        .env("PYTHONPATH", "/p")
        .env("PYSHIP_CACHE_DIR", place.path().join("c"));
    let cache = place.path().join("c");
    run.stdout(format!(
        "[b'PYSHIP_CACHE_DIR={}', b'PYTHONHOME=/h', b'PYTHONPATH=/p']\n",
        cache.display()
    ))
    .success();
}

#[test]
fn the_environment_is_exactly_the_callers() {
    let python = interpreters::each_minor();
    for interpreter in python {
        let packed = environment_app_with(interpreter);
        let hostile = scratch();
        let elsewhere = hostile.path().to_str().unwrap();
        for module in [
            "json",
            "encodings",
            "os",
            "site",
            "sitecustomize",
            "usercustomize",
            "beside",
        ] {
            let text = "raise SystemExit('a module of the caller was imported')\n";
            fs_err::write(hostile.path().join(format!("{module}.py")), text).unwrap();
        }
        let run = packed
            .run()
            .env("LC_ALL", "C.UTF-8")
            .env("PYTHONPATH", elsewhere)
            .env("PYTHONHOME", elsewhere)
            .env("PYTHONSTARTUP", hostile.path().join("os.py"))
            .env("PYTHONUSERBASE", elsewhere)
            .env("PYTHONEXECUTABLE", "/nowhere/python")
            .env("PYTHONPLATLIBDIR", "nowhere")
            .env("PYTHONSAFEPATH", "1")
            .env("PYTHONPYCACHEPREFIX", elsewhere)
            .env("LD_LIBRARY_PATH", elsewhere)
            .env("HOME", "/home/someone")
            .env("EMPTY", "")
            .env(
                OsStr::from_bytes(b"BYTES\xfe"),
                OsStr::from_bytes(b"\xff\x80 value"),
            )
            .env("_", "underscore");
        let mut wanted: Vec<String> = Vec::new();
        let cache = format!(
            "PYSHIP_CACHE_DIR={}",
            report(packed.run())["environment"]["PYSHIP_CACHE_DIR"]
                .as_str()
                .unwrap()
        );
        wanted.push(cache);
        for name in [
            "PYTHONPATH",
            "PYTHONHOME",
            "PYTHONUSERBASE",
            "PYTHONPYCACHEPREFIX",
            "LD_LIBRARY_PATH",
        ] {
            wanted.push(format!("{name}={elsewhere}"));
        }
        wanted.push(format!("PYTHONSTARTUP={elsewhere}/os.py"));
        let rest = [
            "LC_ALL=C.UTF-8",
            "PYTHONEXECUTABLE=/nowhere/python",
            "PYTHONPLATLIBDIR=nowhere",
            "PYTHONSAFEPATH=1",
        ];
        wanted.extend(rest.map(str::to_owned));
        wanted.extend(
            [
                "HOME=/home/someone",
                "EMPTY=",
                "BYTES\u{fe}=\u{ff}\u{80} value",
                "_=underscore",
            ]
            .map(str::to_owned),
        );
        let mut found = strings(&run.arg("environment_of_child").stdout_any().success().json());
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "on {}", interpreter.full());
    }
}

#[test]
fn with_an_empty_environment_nothing_is_added_that_plain_python_does_not_add() {
    for interpreter in interpreters::each_minor() {
        let packed = on_host(&environment_app_with(interpreter));
        // CPython itself sets LC_CTYPE in the C locale (PEP 538).
        assert_eq!(
            report(packed)["environment"],
            report(plain(interpreter))["environment"]
        );
    }
}

#[test]
fn a_systems_python_started_by_the_app_is_its_own() {
    let python = interpreters::usual();
    let code = "import sys; print(sys.prefix, sys.flags.isolated)";
    let run = environment_app()
        .run()
        .arg("run")
        .arg(&python.path)
        .args(["-c", code]);
    run.stdout(format!("{} 0\n", python.prefix.display())).success();
}

#[test]
fn the_interpreters_arguments_are_bytes() {
    let arguments = [
        &b"plain"[..],
        b"",
        b"two words",
        b"\xff\xfe\x80",
        "\u{e4}\u{2603}".as_bytes(),
        b"--help",
        b"-c",
        b"-",
    ];
    let code = "import os, sys; sys.stdout.buffer.write(b'|'.join(map(os.fsencode, sys.argv[1:])))";
    for locale in ["C", "C.UTF-8"] {
        let run = environment_app()
            .run()
            .env("LC_ALL", locale)
            .env("PYSHIP", "python")
            .args(["-c", code]);
        run.args(arguments.iter().map(|bytes| OsStr::from_bytes(bytes)))
            .stdout(arguments.join(&b'|'))
            .success();
    }
}

#[test]
fn app_arguments_are_bytes_too() {
    let place = scratch();
    let app = place.path().join("argv.py");
    fs_err::write(
        &app,
        "import os, sys\nsys.stdout.buffer.write(b'|'.join(map(os.fsencode, sys.argv[1:])))\n",
    )
    .unwrap();
    let packed = Pack::new(&app).run();
    let arguments = [
        &b"-m"[..],
        b"",
        b"two words",
        b"\xff\xfe\x80",
        "\u{2603}".as_bytes(),
        b"--help",
        b"PYSHIP=help",
        b"-",
    ];
    let run = packed
        .run()
        .args(arguments.iter().map(|bytes| OsStr::from_bytes(bytes)));
    run.clone().stdout(arguments.join(&b'|')).success();
    run.env("LC_ALL", "C").stdout(arguments.join(&b'|')).success();
}

#[test]
fn argv0_is_the_path_by_which_the_user_called_the_file() {
    let packed = environment_app();
    let place = scratch();
    let file = place.path().join("named.bin");
    fs_err::copy(&packed.path, &file).unwrap();
    let link = place.path().join("link-to-it");
    fs_err::os::unix::fs::symlink(&file, &link).unwrap();
    let cache = place.path().join("cache");
    let argv0 = |run: Run| {
        report(run.env("PYSHIP_CACHE_DIR", &cache))["argv"][0]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(argv0(Run::new(&file)), file.to_str().unwrap());
    assert_eq!(
        argv0(Run::new("./named.bin").directory(place.path())),
        "./named.bin"
    );
    assert_eq!(argv0(Run::new(&link)), link.to_str().unwrap());
    let by_path = Run::new("/usr/bin/env")
        .arg(format!("PATH={}", place.path().display()))
        .arg("named.bin");
    assert!(argv0(by_path).ends_with("named.bin"));
}

#[test]
fn ps_shows_the_files_name() {
    let packed = environment_app();
    let place = scratch();
    for (name, comm) in [
        ("short", "short"),
        ("a-name-longer-than-comm.bin", "a-name-longer-t"),
    ] {
        let file = place.path().join(name);
        fs_err::copy(&packed.path, &file).unwrap();
        let run = Run::new(&file).env("PYSHIP_CACHE_DIR", place.path().join("cache"));
        assert_eq!(report(run)["comm"], comm);
    }
}

#[test]
fn the_file_lies_beside_what_was_beside_it() {
    let seen = report(environment_app().run());
    let file = seen["file"].as_str().unwrap();
    assert!(
        file.ends_with("/code/main.py") && Path::new(file).is_file(),
        "{file}"
    );
    assert_eq!(
        seen["beside"].as_str().unwrap(),
        file.replace("main.py", "beside.py")
    );
    environment_app()
        .run()
        .arg("resource")
        .stdout("package is here 24\n")
        .success();
}

#[test]
fn pyship_tells_the_app_its_file() {
    let packed = environment_app();
    let place = scratch();
    let link = place.path().join("link");
    fs_err::os::unix::fs::symlink(&packed.path, &link).unwrap();
    let run = Run::new("./link")
        .directory(place.path())
        .env("PYSHIP_CACHE_DIR", place.path().join("cache"));
    let said = run.arg("pyship").stdout_any().success().json();
    let file = fs_err::canonicalize(said["file"].as_str().unwrap()).unwrap();
    assert_eq!(file, fs_err::canonicalize(&packed.path).unwrap());
    assert_eq!(said["name"], "environment");
}

#[test]
fn site_is_that_of_a_virtual_environment() {
    for interpreter in interpreters::each_minor() {
        environment_app_with(interpreter)
            .run()
            .arg("site")
            .stdout("False 1 True\n")
            .success();
    }
}

#[test]
fn a_traceback_is_that_of_plain_python() {
    for interpreter in interpreters::each_minor() {
        let packed = environment_app_with(interpreter)
            .run()
            .arg("raise")
            .stderr_any()
            .exits(1)
            .err();
        let plain = plain(interpreter).arg("raise").stderr_any().exits(1).err();
        let code = packed
            .split('"')
            .nth(1)
            .unwrap()
            .trim_end_matches("main.py")
            .to_owned();
        let source = repository().join("tests/apps/environment/main.py");
        assert_eq!(
            packed.replace(&code, ""),
            plain.replace(source.to_str().unwrap(), "main.py")
        );
    }
}

#[test]
fn nothing_is_written_beside_the_code() {
    for interpreter in interpreters::each_minor() {
        let packed = Pack::new("tests/apps/environment")
            .python(interpreter)
            .with("six")
            .run();
        let place = scratch();
        let start = |cache: &Path| packed.run_with_cache(cache);
        start(place.path()).arg("resource").stdout_any().success();
        let before = files_below(place.path());
        start(place.path()).arg("path_of_child").stdout_any().success();
        start(place.path()).arg("report").stdout_any().success();
        let code = "import six, package, asyncio, email.mime.text, xml.dom.minidom, concurrent.futures, unittest.mock";
        start(place.path())
            .env("PYSHIP", "python")
            .args(["-c", code])
            .success();
        let more: Vec<_> = files_below(place.path()).difference(&before).cloned().collect();
        assert!(more.is_empty(), "on {}: {more:?}", interpreter.full());
    }
}
