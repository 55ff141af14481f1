//! Packages that are installed while a packed program runs: in the app's own directory, and beside what was packed.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use harness::interpreters::Interpreter;
use harness::{Outcome, Pack, Packed, Run, interpreters, scratch};
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::wheel::wheel;

/// Says what is there of the packages that the tests install.
const PROGRAM: &str = "
import importlib, importlib.metadata as m, os, subprocess, sys
def has(name):
    try: return importlib.import_module(name).V
    except ImportError: return '-'
names = ('shipped', 'space.part', 'old.part', 'late', 'space.late', 'old.late', 'with_pth')
print(*map(has, names), getattr(sys, 'from_pth', '-'))
if len(sys.argv) == 1:
    child = subprocess.run([sys.executable, __file__, 'child'], capture_output=True, text=True)
    print(child.stdout + child.stderr, end='')
";
const BEFORE: &str = "1 part old - - - - -\n";
const AFTER: &str = "1 part old late late late pth yes\n";

/// Inode, size and times of files.
type State = BTreeMap<PathBuf, (u64, u64, i64, i64)>;

/// Two apps with the same packages, in one cache, and wheels to install.
struct Bench {
    python: &'static Interpreter,
    one: Packed,
    other: Packed,
    place: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::on(interpreters::usual())
    }

    fn on(python: &'static Interpreter) -> Self {
        let place = scratch();
        let wheels = place.path().join("wheels");
        fs_err::create_dir(&wheels).unwrap();
        let old = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n";
        let shipped = |version: &str| {
            let text = format!("V = {version}\n");
            let files = [
                ("shipped/__init__.py", text.as_str()),
                ("shipped/data.txt", "x"),
                ("single.py", "V = 1\n"),
                ("space/part.py", "V = 'part'\n"),
                ("old/__init__.py", old),
                ("old/part.py", "V = 'old'\n"),
                ("data/share/common/shipped.txt", "x"),
                (
                    "entry_points.txt",
                    "[console_scripts]\nshipped-tool = single:main\n",
                ),
            ];
            wheel(&wheels, "shipped", version, &files)
        };
        shipped("2");
        wheel(
            &wheels,
            "late",
            "1",
            &[
                ("METADATA", "Requires-Dist: shipped\n"),
                ("late.py", "V = 'late'\ndef main(): print('late tool')\n"),
                ("space/late.py", "V = 'late'\n"),
                ("old/__init__.py", old),
                ("old/late.py", "V = 'late'\n"),
                ("with_pth.py", "V = 'pth'\n"),
                ("late.pth", "import sys; sys.from_pth = 'yes'\n"),
                ("data/share/common/late.txt", "x"),
                ("entry_points.txt", "[console_scripts]\nlate-tool = late:main\n"),
            ],
        );
        let shipped = shipped("1");
        let app = |name: &str| {
            let path = place.path().join(format!("{name}.py"));
            fs_err::write(&path, format!("{PROGRAM}# {name}\n")).unwrap();
            Pack::new(&path).python(python).arg("--with").arg(&shipped).run()
        };
        let (one, other) = (app("one"), app("other"));
        let bench = Self {
            python,
            one,
            other,
            place,
        };
        for packed in [&bench.one, &bench.other] {
            bench.says(packed, BEFORE, "before");
        }
        bench
    }

    fn cache(&self) -> PathBuf {
        self.place.path().join("cache")
    }

    fn run(&self, packed: &Packed) -> Run {
        packed.run_with_cache(&self.cache())
    }

    /// A program and its child see the same.
    #[track_caller]
    fn says(&self, packed: &Packed, line: &str, what: &str) {
        let outcome = self.run(packed).output();
        assert_eq!(outcome.out(), line.repeat(2), "{what}\n{}", outcome.report());
    }

    /// `sys.prefix` of an app.
    fn prefix(&self, packed: &Packed) -> PathBuf {
        let code = "import sys; print(sys.prefix)";
        let run = self.run(packed).env("PYSHIP", "python").args(["-c", code]);
        PathBuf::from(run.stdout_any().success().out().trim())
    }

    /// The interpreter's own pip, run in the app from its wheel.
    fn pip(&self, packed: &Packed, arguments: &[&str]) -> Outcome {
        self.pip_with(packed, &[], arguments)
    }

    fn pip_with(&self, packed: &Packed, variables: &[(&str, &str)], arguments: &[&str]) -> Outcome {
        // Unpacked: from a wheel its bytecode would be compiled at every start.
        let unpacked = self.place.path().join("pip");
        if !unpacked.exists() {
            let pip = bundled_pip(self.python).expect("ensurepip has pip's wheel");
            let unzip = Run::new(&self.python.path).args(["-m", "zipfile", "-e"]);
            unzip.arg(pip).arg(&unpacked).success();
        }
        let run = self.run(packed).env("PYSHIP", "python").arg(unpacked.join("pip"));
        let run = run.env("PIP_FIND_LINKS", self.place.path().join("wheels"));
        let run = run
            .env("PIP_NO_INDEX", "1")
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        let run = run.env("HOME", self.place.path());
        let run = variables
            .iter()
            .fold(run, |run, (name, value)| run.env(name, value));
        run.args(arguments).output()
    }

    /// uv, for the app's interpreter.
    fn uv(&self, packed: &Packed, arguments: &[&str]) -> Outcome {
        let python = self.prefix(packed).join("bin/python3");
        let run = Run::inheriting("uv").arg("pip").args(arguments);
        let run = run
            .arg("--python")
            .arg(python)
            .env("UV_CACHE_DIR", self.place.path().join("uv"));
        if arguments[0] == "install" {
            let wheels = self.place.path().join("wheels");
            return run.args(["--no-index", "--find-links"]).arg(wheels).output();
        }
        run.output()
    }

    /// Everything below a part of the cache.
    fn state(&self, part: &Path) -> State {
        let entries = WalkDir::new(self.cache().join("v1").join(part)).min_depth(1);
        entries
            .into_iter()
            .map(|entry| {
                let entry = entry.unwrap();
                let found = entry.metadata().unwrap();
                let state = (found.ino(), found.size(), found.mtime(), found.ctime());
                (entry.into_path(), state)
            })
            .collect()
    }
}

/// Nothing was written.
#[track_caller]
fn assert_same(before: &State, after: &State) {
    let paths: BTreeSet<&PathBuf> = before.keys().chain(after.keys()).collect();
    let changed = paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path));
    assert_eq!(changed.collect::<Vec<_>>(), Vec::<&PathBuf>::new());
}

/// The pip that an interpreter has for new environments; a distribution's Python may have none.
fn bundled_pip(python: &Interpreter) -> Option<PathBuf> {
    let bundled = python
        .prefix
        .join(format!("lib/python{}/ensurepip/_bundled", python.minor()));
    let wheels = fs_err::read_dir(bundled).ok()?.map(|entry| entry.unwrap().path());
    let is_pip = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("pip-");
    wheels.into_iter().find(is_pip)
}

#[test]
fn what_one_app_installs_another_does_not_see() {
    for installer in [Bench::pip, Bench::uv] {
        let bench = Bench::new();
        let layers = bench.state(Path::new("layers"));
        let done = installer(&bench, &bench.one, &["install", "late"]);
        assert!(done.status.success(), "{}", done.report());
        bench.says(&bench.one, AFTER, "installed");
        bench.says(&bench.other, BEFORE, "the other app");
        let prefix = bench.prefix(&bench.one);
        Run::new(prefix.join("bin/late-tool"))
            .stdout("late tool\n")
            .success();
        for file in ["late.txt", "shipped.txt"] {
            assert!(prefix.join("share/common").join(file).exists(), "{file}");
        }
        assert_eq!(
            bench.state(Path::new("layers")),
            layers,
            "no layer was written to"
        );

        let arguments: &[&str] = match done.report().contains("uv pip") {
            true => &["uninstall", "late"],
            false => &["uninstall", "-y", "late"],
        };
        let done = installer(&bench, &bench.one, arguments);
        assert!(done.status.success(), "{}", done.report());
        bench.says(&bench.one, BEFORE, "uninstalled");
        assert_eq!(
            bench.state(Path::new("layers")),
            layers,
            "no layer was written to"
        );
    }
}

/// pip reads what is installed in different ways: with `pkg_resources` up to Python 3.10.
#[test]
fn what_was_packed_is_not_replaced() {
    let mut pythons = interpreters::each_minor();
    pythons.retain(|python| bundled_pip(python).is_some());
    assert!(!pythons.is_empty(), "no Python of this machine has ensurepip");
    // The oldest pip and the newest.
    pythons.drain(1..pythons.len().max(2) - 1);
    for python in pythons {
        let bench = Bench::on(python);
        let before = bench.state(Path::new("layers"));
        let prefix = bench.state(&bench.prefix(&bench.one));
        pip_refuses(&bench);
        uv_refuses(&bench);
        let again = bench.pip(&bench.one, &["install", "-U", "shipped"]);
        assert!(
            again.status.success() && again.out().contains("already satisfied"),
            "{}",
            again.report()
        );
        bench.says(&bench.one, BEFORE, "at the end");
        assert_same(&before, &bench.state(Path::new("layers")));
        let mut after = bench.state(&bench.prefix(&bench.one));
        // uv's own lock.
        after.remove(&bench.prefix(&bench.one).join(".lock"));
        assert_same(&prefix, &after);
    }
}

#[track_caller]
fn pip_refuses(bench: &Bench) {
    /// Variables, arguments, and what is said.
    type Refused<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a str);
    let no_constraints: &[(&str, &str)] = &[("PIP_CONFIG_FILE", "/dev/null")];
    let refused: [Refused<'_>; 4] = [
        (&[], &["install", "shipped==2"], "(constraint) shipped==1"),
        (
            &[],
            &["install", "--force-reinstall", "shipped==1"],
            "installed by pyship",
        ),
        (
            no_constraints,
            &["install", "-U", "shipped"],
            "installed by pyship",
        ),
        (&[], &["uninstall", "-y", "shipped"], "installed by pyship"),
    ];
    for (variables, arguments, words) in refused {
        let outcome = bench.pip_with(&bench.one, variables, arguments);
        let said = outcome.out() + &outcome.err();
        let is_refused = !outcome.status.success() && said.contains(words) && !said.contains("Traceback");
        assert!(
            is_refused,
            "{} {arguments:?}: {}",
            bench.python.full(),
            outcome.report()
        );
    }
    for arguments in [&["show", "-f", "shipped"][..], &["list"], &["freeze"]] {
        let outcome = bench.pip(&bench.one, arguments);
        let is_shown = outcome.status.success() && outcome.out().contains("shipped");
        assert!(
            is_shown,
            "{} {arguments:?}: {}",
            bench.python.full(),
            outcome.report()
        );
    }
}

#[track_caller]
fn uv_refuses(bench: &Bench) {
    for arguments in [
        &["install", "-U", "shipped"][..],
        &["install", "--reinstall", "shipped==1"],
        &["uninstall", "shipped"],
    ] {
        let outcome = bench.uv(&bench.one, arguments);
        assert!(!outcome.status.success(), "{arguments:?}: {}", outcome.report());
        // It names a path, beside which the way out is said.
        let said = outcome.out() + &outcome.err();
        let record = said.split('`').find(|word| word.ends_with("/RECORD"));
        let record = Path::new(record.unwrap_or_else(|| panic!("{arguments:?}: {}", outcome.report())));
        let text = fs_err::read_to_string(record.with_file_name("README")).unwrap();
        assert!(text.contains("Pack the program again"), "{text}");
    }
}

#[test]
fn packed_distributions_have_their_metadata() {
    let bench = Bench::new();
    let code = "
import importlib.metadata as m, os, shipped, single, site, sys, sysconfig
d = m.distribution('shipped')
print(d.version, sorted(str(f) for f in d.files if 'dist-info' not in str(f)))
print(all(f.locate().exists() for f in d.files), [e.name for e in d.entry_points])
purelib = sysconfig.get_paths()['purelib']
print(site.getsitepackages() == [purelib], purelib in sys.path, purelib.startswith(sys.prefix))
print(shipped.__file__ == purelib + '/shipped/__init__.py', single.__file__ == purelib + '/single.py')
";
    let run = bench.run(&bench.one).env("PYSHIP", "python").args(["-c", code]);
    run.stdout(
        "1 ['../../../bin/shipped-tool', '../../../share/common/shipped.txt', 'old/__init__.py', 'old/part.py', \
         'shipped/__init__.py', 'shipped/data.txt', 'single.py', 'space/part.py']\n\
         True ['shipped-tool']\nTrue True True\nTrue True\n",
    )
    .success();
}
