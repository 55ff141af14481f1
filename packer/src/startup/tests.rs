//! The rendered sources against a real interpreter: they compile, and their constants come out as they went in.

use std::process::{Command as Process, Stdio};

use super::*;

fn python() -> Python {
    Python {
        version: "3.12.1".into(),
        executable: "bin/python3.12".into(),
        stdlib: "lib/python3.12".into(),
        site_packages: "lib/python3.12/site-packages".into(),
    }
}

fn script() -> Entry {
    Entry::Script {
        path: "main.py".into(),
    }
}

fn sources_of(entry: &Entry, directories: &[LayerPath]) -> Vec<(LayerPath, Vec<u8>)> {
    sources(&StartConfig {
        name: "it's \\ \"odd\" é\n",
        version: None,
        data: Some("é/x"),
        python: &python(),
        entry,
        directories,
        packages: true,
        site: true,
        shadows: false,
        index_imports: true,
    })
}

/// What `python3 -c SCRIPT` prints when it reads `input`.
fn ask_python(script: &str, input: &[u8]) -> String {
    let mut child = Process::new("python3")
        .args(["-I", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a `python3` is on PATH");
    std::io::Write::write_all(&mut child.stdin.take().expect("stdin is a pipe"), input).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{script}");
    String::from_utf8(output.stdout).expect("ASCII")
}

#[test]
fn constants_survive_the_interpreter() {
    let sources = sources_of(&script(), &[b"".to_vec(), b"src/\xfe".to_vec()]);
    let script = "import ast, sys
for node in ast.parse(sys.stdin.buffer.read()).body:
    try:
        print(node.targets[0].id, ascii(ast.literal_eval(node.value)))
    except (AttributeError, ValueError):
        pass";
    let printed = ask_python(script, &sources[0].1);
    for line in [
        "name 'it\\'s \\\\ \"odd\" \\xe9\\n'",
        "version None",
        "_DATA '\\xe9/x'",
        "_EXECUTABLE 'bin/python3.12'",
        "_STDLIB 'lib/python3.12'",
        "_SITE_PACKAGES 'lib/python3.12/site-packages'",
        "_DIRECTORIES ('', 'src/\\udcfe')",
        "_SITE True",
        "_SHADOWED ()",
        "_INDEX True",
    ] {
        assert!(
            printed.lines().any(|printed| printed == line),
            "{line} is not in\n{printed}"
        );
    }
}

#[test]
fn every_source_compiles() {
    let sources = sources_of(&script(), &[]);
    let named: Vec<&[u8]> = sources.iter().map(|(name, _)| name.as_slice()).collect();
    assert_eq!(named, [b"_pyship".as_slice(), b"child/encodings", b"encodings"]);
    for (_, source) in sources {
        ask_python(
            "import sys; compile(sys.stdin.buffer.read(), 'x', 'exec')",
            &source,
        );
    }
}

#[test]
fn an_interpreter_has_no_app_mode() {
    let sources = sources_of(&Entry::Interpreter, &[]);
    assert!(sources.iter().all(|(name, _)| name != b"encodings"));
}

#[test]
fn python_and_rust_agree_on_names() {
    let begin = include_str!("environment.py");
    for name in [names::ENV_PRIVATE_FILE, names::ENV_PRIVATE_ARGV0] {
        assert!(
            name.starts_with(names::ENV_PRIVATE_PREFIX) && begin.contains(&format!("b\"{name}\"")),
            "{name}"
        );
    }
    let restart = format!("setdefault(\"{}\", \"{}\")", names::ENV_TOOL, names::TOOL_RESTART);
    assert!(include_str!("zip_main.py").contains(&restart));
    assert!(begin.contains(&format!("_GCONV = b\"{}\"", names::ENV_GCONV_PATH)));
    for rest in ["YTHON", "D_", &names::ENV_GCONV_PATH[1..]] {
        assert!(begin.contains(&format!("b\"\\{}{rest}\"", names::ENV_HIDDEN)));
    }
    assert!(EARLY.contains(&format!("\"/{}/{}\"", names::APP_LINK, names::APP_START)));
    assert!(EARLY.contains(&format!("\"/{}\"", names::APP_CODE)));
    assert_eq!(names::START_EARLY, "encodings.pyc");
    let pth = String::from_utf8_lossy(pth());
    assert!(pth.contains(&format!(
        "\"/{}/{}/_pyship.pyc\"",
        names::APP_LINK,
        names::APP_START
    )));
    assert_eq!(
        (EARLY.matches(CONFIG).count(), ALONE.matches(CONFIG).count()),
        (1, 1)
    );
}
