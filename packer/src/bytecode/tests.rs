use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::interpreter::prune::Pruning;
use crate::interpreter::{describe, python_home, testing};

fn each(test: impl Fn(&Interpreter, &Compiler)) {
    for executable in testing::interpreters() {
        let (interpreter, environment) = described(&executable);
        test(&interpreter, &compiler(&interpreter, &environment));
    }
}

fn described(executable: &Path) -> (Interpreter, Environment) {
    let environment = Environment::current().unwrap();
    let interpreter = describe::interpreter(executable, &environment).unwrap();
    (interpreter, environment)
}

fn compiler(interpreter: &Interpreter, environment: &Environment) -> Compiler {
    Compiler::new(interpreter, interpreter, environment).unwrap()
}

fn bytecode(tree: &Tree) -> BTreeMap<LayerPath, Arc<[u8]>> {
    let cached = tree.files().filter(|(path, _)| path.ends_with(b".pyc"));
    cached
        .map(|(path, file)| (path.clone(), file.content.read().unwrap()))
        .collect()
}

fn write(tree: &Tree, directory: &Path) {
    use std::os::unix::ffi::OsStrExt;
    for (path, file) in tree.files() {
        let place = directory.join(std::ffi::OsStr::from_bytes(path));
        fs_err::create_dir_all(place.parent().unwrap()).unwrap();
        fs_err::write(place, file.content.read().unwrap()).unwrap();
    }
}

/// Every second module of the standard library, alone, has to come out as it does among all others.
#[test]
fn bytecode_depends_on_its_source_alone() {
    each(|interpreter, compiler| {
        let (mut all, _) = python_home::collect(interpreter, &Pruning::default()).unwrap();
        let mut some = Tree::new();
        for (index, (path, file)) in all.files().filter(|(path, _)| path.ends_with(b".py")).enumerate() {
            if index % 2 == 0 {
                some.insert(path.clone(), Node::File(file.clone()));
            }
        }
        assert_eq!(compiler.compile(&mut all).unwrap(), []);
        compiler.compile(&mut some).unwrap();
        let (all, some) = (bytecode(&all), bytecode(&some));
        assert!(all.len() > 500 && some.len() > 250);
        for (path, pyc) in &some {
            assert!(
                all[path] == *pyc,
                "{}: {}",
                interpreter.version,
                String::from_utf8_lossy(path)
            );
        }
    });
}

#[test]
fn modules_load_from_bytecode_and_know_their_place() {
    each(|interpreter, compiler| {
        let source = "import sys, a.b\ndef f(x, *, y=(1, 2.5, None, ..., frozenset({1}))):\n    return x in {'one', None, 3, b'four', 1j, -2**80}\n\
            print(f.__code__.co_filename, __file__, __cached__, f('one'), f('two'), a.b.é)\n";
        let mut tree = Tree::new();
        tree.insert_bytes("code/main.py", source.as_bytes(), false);
        tree.insert_bytes("code/a/__init__.py", &b""[..], false);
        tree.insert_bytes("code/a/b.py", "é = 'ünï' 'x'\n".as_bytes(), false);
        tree.insert_bytes("code/__pycache__/main.cpython-27.pyc", &b"old"[..], false);
        tree.insert_bytes("code/template.py", &b"print {{ name }}"[..], false);
        tree.insert_bytes("code/nul.py", &b"a\0b"[..], false);
        let skipped = compiler.compile(&mut tree).unwrap();
        let skipped: Vec<_> = skipped
            .iter()
            .map(|(path, why)| (path.as_slice(), why.split(':').next().unwrap()))
            .collect();
        assert_eq!(skipped[1], (&b"code/template.py"[..], "SyntaxError"));
        assert_eq!(skipped[0].0, b"code/nul.py");
        assert_eq!(bytecode(&tree).len(), 3);
        for (path, pyc) in bytecode(&tree) {
            assert_eq!(pyc[4..8], [1, 0, 0, 0], "an unchecked hash");
            let text = String::from_utf8_lossy(&pyc).into_owned();
            assert!(text.contains("code/") && !text.contains("/code/"), "{path:?}");
        }

        let directory = tempfile::tempdir().unwrap();
        write(&tree, directory.path());
        let code = directory.path().join("code");
        // Unchecked: the source may say what it will.
        fs_err::write(code.join("a/b.py"), "raise SystemExit('compiled at run time')").unwrap();
        let output = Command::new(&interpreter.executable)
            .args([
                "-I",
                "-S",
                "-X",
                "utf8",
                "-c",
                "import sys; sys.path.insert(0, sys.argv[1]); import main",
            ])
            .arg(&code)
            .output()
            .unwrap();
        let tag = &interpreter.facts.cache_tag;
        let main = code.display();
        let expected =
            format!("{main}/main.py {main}/main.py {main}/__pycache__/main.{tag}.pyc True False ünïx\n");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            expected,
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    });
}

/// Equal, object for object, to what the interpreter itself writes.
#[test]
fn normalized_code_is_the_same_code() {
    each(|interpreter, compiler| {
        let (whole, _) = python_home::collect(interpreter, &Pruning::default()).unwrap();
        let mut tree = Tree::new();
        for (path, file) in whole
            .files()
            .filter(|(path, _)| path.ends_with(b".py"))
            .step_by(5)
        {
            tree.insert(path.clone(), Node::File(file.clone()));
        }
        compiler.compile(&mut tree).unwrap();
        let directory = tempfile::tempdir().unwrap();
        write(&tree, directory.path());
        let check = r#"
import glob, marshal, os, sys
os.chdir(sys.argv[1])
count = 0
for source in glob.glob("**/*.py", recursive=True):
    folder, name = os.path.split(source)
    cached = os.path.join(folder, "__pycache__", name[:-2] + sys.implementation.cache_tag + ".pyc")
    with open(source, "rb") as one, open(cached, "rb") as other:
        made = compile(one.read(), source, "exec", dont_inherit=True, optimize=0)
        loaded = marshal.loads(other.read()[16:])
    assert made == loaded, source
    count += 1
print(count)
"#;
        let mut command = Command::new(&interpreter.executable);
        // Constant sets are compared in their order by code objects, which is that of their hashes.
        command
            .env("PYTHONHASHSEED", "0")
            .args(["-S", "-W", "ignore", "-c", check])
            .arg(directory.path());
        let count = child::output(&mut command, b"").unwrap();
        assert!(String::from_utf8(count).unwrap().trim().parse::<usize>().unwrap() > 100);
    });
}

#[test]
fn start_up_code_is_shipped_without_source() {
    each(|interpreter, compiler| {
        let sources = [(b"start/run.py".to_vec(), b"print(__name__, 6 * 7)".to_vec())];
        let made = compiler.compile_start(&sources).unwrap();
        assert_eq!(made, compiler.compile_start(&sources).unwrap());
        let [(path, pyc)] = made.as_slice() else {
            panic!("{made:?}")
        };
        assert_eq!(path, b"start/run.pyc");
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("run.pyc");
        fs_err::write(&place, pyc).unwrap();
        let output = Command::new(&interpreter.executable)
            .arg("-I")
            .arg(&place)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "__main__ 42\n");

        let error = compiler
            .compile_start(&[(b"start/bad.py".to_vec(), b"1 +".to_vec())])
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("failed to compile `start/bad.py`: SyntaxError: "),
            "{error}"
        );
    });
}

#[test]
fn links_are_compiled_under_their_own_name() {
    let (interpreter, environment) = described(&testing::any());
    let mut tree = Tree::new();
    tree.insert_bytes("lib/real.py", &b"x = 1"[..], false);
    tree.insert("lib/pkg/link.py", Node::Symlink(b"../real.py".to_vec()));
    tree.insert("lib/out.py", Node::Symlink(b"../../real.py".to_vec()));
    compiler(&interpreter, &environment).compile(&mut tree).unwrap();
    assert_eq!(bytecode(&tree).len(), 2);
    assert!(
        tree.get(format!(
            "lib/pkg/__pycache__/link.{}.pyc",
            interpreter.facts.cache_tag
        ))
        .is_some()
    );
}

#[test]
fn an_interpreter_that_fails_is_reported_whole() {
    let (mut interpreter, environment) = described(&testing::any());
    let mut tree = Tree::new();
    tree.insert_bytes("x.py", &b""[..], false);
    let genuine = interpreter.clone();
    interpreter.facts.magic[0] ^= 1;
    let error = compiler(&interpreter, &environment)
        .compile(&mut tree)
        .unwrap_err()
        .to_string();
    assert!(error.contains("was replaced by another interpreter"), "{error}");
    let error = Compiler::new(&interpreter, &genuine, &environment)
        .unwrap_err()
        .to_string();
    assert!(error.contains("whose bytecode is different"), "{error}");
    interpreter.executable = "/bin/false".into();
    let error = compiler(&interpreter, &environment)
        .compile(&mut tree)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "failed to run `/bin/false -s -S -B -X utf8 -W ignore -c …`: it exited with code 1"
    );
}

#[test]
fn test_modules_of_packages_alone_stay_as_they_are() {
    let tests = [
        "lib/python3.12/site-packages/pandas/tests/io/test_csv.py",
        "lib/python3.12/site-packages/numpy/test/test_x.py",
    ];
    let others = [
        "lib/python3.12/site-packages/pandas/tests/__init__.py",
        "lib/python3.12/site-packages/pandas/tests/runner.py",
        "lib/python3.12/site-packages/jinja2/tests.py",
        "lib/python3.12/site-packages/test_everything.py",
        "lib/python3.12/test/test_os.py",
        "code/tests/test_app.py",
    ];
    assert!(tests.iter().all(|path| is_test_of_package(path.as_bytes())));
    assert!(!others.iter().any(|path| is_test_of_package(path.as_bytes())));
}
