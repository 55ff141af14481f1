use super::*;
use crate::format::record::Command;

fn ready(loader: bool, entry: Entry) -> Ready {
    let loader = loader.then(|| Loader {
        path: b"/l/ld.so".to_vec(),
        library_path: b"/l".to_vec(),
        gconv: None,
    });
    let record = Record {
        entry,
        executable: b"/r/bin/python3.12".to_vec(),
        home: b"/r".to_vec(),
        loader,
        options: vec![b"-Xutf8".to_vec()],
        arguments: vec![b"--fixed".to_vec()],
        environment: vec![
            (b"A".to_vec(), b"default".to_vec()),
            (b"B".to_vec(), b"default".to_vec()),
        ],
        ..Record::default()
    };
    Ready {
        directory: b"/a".to_vec(),
        record,
        file: None,
    }
}

fn caller(variables: &[(&str, &str)]) -> Caller {
    Caller {
        argv0: b"./app.bin".to_vec(),
        arguments: vec![b"x\xff".to_vec()],
        environment: Environment::from_pairs(variables),
        file: b"/d/app.bin".to_vec(),
    }
}

fn script() -> Entry {
    Entry::Script(b"/l/code/main.py".to_vec())
}

fn entries(exec: Exec) -> Vec<String> {
    let entries = exec.environment.entries();
    entries
        .map(|entry| String::from_utf8_lossy(&entry).into_owned())
        .collect()
}

#[test]
fn an_app_starts_with_its_own_python_variables_last_and_the_callers_hidden() {
    let exec = app(
        &ready(false, script()),
        caller(&[("PYTHONPATH", "/evil"), ("PYSHIP", "x"), ("A", "mine")]),
    );
    assert_eq!(exec.path, b"/r/bin/python3.12");
    let argv: [&[u8]; 5] = [b"./app.bin", b"-Xutf8", b"/l/code/main.py", b"--fixed", b"x\xff"];
    assert_eq!(exec.argv, argv);
    let want = [
        "\u{1}YTHONPATH=/evil",
        "A=mine",
        "B=default",
        "PYTHONHOME=/r",
        "PYTHONPATH=/a/app/start",
        "_PYSHIP_FILE=/d/app.bin",
        "_PYSHIP_ARGV0=./app.bin",
    ];
    assert_eq!(entries(exec), want);
}

#[test]
fn the_carried_loader_is_told_what_to_load() {
    let exec = app(&ready(true, script()), caller(&[]));
    assert_eq!(exec.path, b"/l/ld.so");
    let want: [&[u8]; 6] = [
        b"./app.bin",
        b"--argv0",
        b"./app.bin",
        b"--library-path",
        b"/l",
        b"/r/bin/python3.12",
    ];
    assert_eq!(exec.argv[..6], want);
}

#[test]
fn the_carried_loader_loads_nothing_of_the_hosts() {
    let caller = || caller(&[("LD_PRELOAD", "/a.so"), ("LD_AUDIT", "/b.so"), ("LD_X", "1")]);
    let loaded = |exec: Exec| {
        let is_loaded = |entry: &String| entry.contains("D_PRELOAD") || entry.contains("D_AUDIT");
        entries(exec).into_iter().filter(is_loaded).collect::<Vec<_>>()
    };
    let (shown, hidden) = (
        ["LD_PRELOAD=/a.so", "LD_AUDIT=/b.so"],
        ["\u{1}D_PRELOAD=/a.so", "\u{1}D_AUDIT=/b.so"],
    );
    assert_eq!(loaded(app(&ready(false, script()), caller())), shown);
    assert_eq!(loaded(app(&ready(true, script()), caller())), hidden);
    let child = interpreter(&ready(true, script()), None, caller());
    assert!(entries_have(&child, "PYTHONPATH=/a/app/start/child"));
    assert_eq!(loaded(child), hidden);
    let isolated = Caller {
        arguments: vec![b"-I".to_vec()],
        ..caller()
    };
    assert_eq!(
        loaded(interpreter(&ready(true, script()), None, isolated)).len(),
        0
    );
    let native = program(&ready(true, script()), b"/l/bin/tool".to_vec(), caller());
    assert_eq!(entries(native), ["LD_X=1"]);
}

fn entries_have(exec: &Exec, entry: &str) -> bool {
    exec.environment
        .clone()
        .entries()
        .any(|one| one == entry.as_bytes())
}

#[test]
fn a_command_line_that_is_given_once_more_starts_the_same() {
    for loader in [false, true] {
        let first = app(&ready(loader, script()), caller(&[])).argv;
        let again = Caller {
            arguments: first[1..].to_vec(),
            ..caller(&[])
        };
        assert_eq!(app(&ready(loader, script()), again.clone()).argv, first);
        let child = interpreter(&ready(loader, script()), None, again);
        let end: [&[u8]; 4] = [b"-Xutf8", b"/l/code/main.py", b"--fixed", b"x\xff"];
        assert!(child.argv.ends_with(&end.map(<[u8]>::to_vec)), "{:?}", child.argv);
    }
}

#[test]
fn a_native_program_is_loaded_as_the_interpreter_is() {
    let exec = program(
        &ready(true, script()),
        b"/l/bin/tool".to_vec(),
        caller(&[("PYSHIP", "x")]),
    );
    let want: [&[u8]; 7] = [
        b"./app.bin",
        b"--argv0",
        b"./app.bin",
        b"--library-path",
        b"/l",
        b"/l/bin/tool",
        b"x\xff",
    ];
    assert_eq!(exec.argv, want);
    assert_eq!(entries(exec), ["PYSHIP=x"]);
}

#[test]
fn a_program_that_is_no_python_is_started_by_itself() {
    let command = Command {
        path: b"/a/bin/tool".to_vec(),
        python: false,
    };
    let exec = app(
        &ready(false, Entry::Commands(vec![command])),
        caller(&[("PYTHONPATH", "/p"), ("B", "")]),
    );
    assert_eq!(exec.argv, [b"/a/bin/tool".as_slice(), b"--fixed", b"x\xff"]);
    assert_eq!(entries(exec), ["PYTHONPATH=/p", "B=", "A=default"]);
}

#[test]
fn an_interpreter_keeps_pythonpath_and_does_not_see_pythonhome() {
    let exec = interpreter(
        &ready(false, script()),
        None,
        caller(&[("PYTHONPATH", "/p"), ("PYTHONHOME", "/h")]),
    );
    assert_eq!(exec.argv, [b"/a/bin/python3".as_slice(), b"x\xff"]);
    let want = [
        "\u{1}YTHONPATH=/p",
        "\u{1}YTHONHOME=/h",
        "PYTHONPATH=/a/app/start/child:/p",
    ];
    assert_eq!(entries(exec), want);
    let isolated = Caller {
        arguments: vec![b"-IB".to_vec()],
        ..caller(&[("PYTHONHOME", "/h")])
    };
    let exec = interpreter(&ready(false, script()), None, isolated);
    assert_eq!(entries(exec), ["PYTHONHOME=/h"]);
}

#[test]
fn carried_character_sets_are_named_last_and_those_of_the_caller_hidden() {
    let mut ready = ready(true, script());
    ready.record.loader.as_mut().unwrap().gconv = Some(b"/l/gconv".to_vec());
    let variables = [("GCONV_PATH", "/host"), ("X", "y")];
    let last = |exec: Exec| entries(exec).pop().unwrap();
    let started = entries(app(&ready, caller(&variables)));
    assert!(
        started.contains(&"\u{1}CONV_PATH=/host".to_owned()),
        "{started:?}"
    );
    assert_eq!(started.last().unwrap(), "GCONV_PATH=/l/gconv");
    let child = entries(interpreter(&ready, None, caller(&variables)));
    assert!(child.contains(&"\u{1}CONV_PATH=/host".to_owned()), "{child:?}");
    assert!(
        child.iter().any(|entry| entry.starts_with("PYTHONPATH=/a/")),
        "{child:?}"
    );
    assert_eq!(child.last().unwrap(), "GCONV_PATH=/l/gconv");
    assert_eq!(
        last(program(&ready, b"/p".to_vec(), caller(&variables))),
        "GCONV_PATH=/l/gconv"
    );
    // Nothing would remove it there.
    let alone = Caller {
        arguments: vec![b"-I".to_vec()],
        ..caller(&variables)
    };
    assert_eq!(last(interpreter(&ready, None, alone)), "X=y");
    // The host's C library has its own.
    let host = super::tests::ready(false, script());
    assert_eq!(
        entries(program(&host, b"/p".to_vec(), caller(&variables))),
        ["GCONV_PATH=/host", "X=y"]
    );
}
