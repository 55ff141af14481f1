//! Native programs of packages (ruff, ninja and node are some): they run where the packed Python runs, whether they are
//! the entry, or started by name, by path or as the interpreter of a script.

use std::path::{Path, PathBuf};

use harness::{Pack, Packed, Run, interpreters, scratch};
use serde_json::json;

/// A program that every system with glibc has; it prints its first argument.
const NATIVE: &str = "/usr/bin/printf";
/// Writes a wheel whose files are copies of others, executable ones.
const WRITE: &str = r"
import json, sys, zipfile
path, files = sys.argv[1], json.loads(sys.argv[2])
info = 'natprog-1.dist-info'
texts = {
    'natprog/__init__.py': 'import os\nINNER = os.path.join(os.path.dirname(__file__), \'data\', \'bin\', \'inner\')\n',
    'natprog/data/beside.txt': 'beside',
    f'{info}/METADATA': 'Metadata-Version: 2.1\nName: natprog\nVersion: 1\n',
    f'{info}/WHEEL': 'Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: false\nTag: py3-none-any\n',
}
with zipfile.ZipFile(path, 'w') as wheel:
    for name, source in files.items():
        member = zipfile.ZipInfo(name)
        member.external_attr = 0o100755 << 16
        wheel.writestr(member, open(source, 'rb').read())
    for name, text in texts.items():
        wheel.writestr(name, text)
    record = f'{info}/RECORD'
    wheel.writestr(record, ''.join(name + ',,\n' for name in [*files, *texts, record]))
";
/// Starts them in every way.
const MAIN: &str = "
import natprog, os, pathlib, shutil, subprocess, sys, sysconfig
def says(way, *command, **more):
    run = subprocess.run([*command], capture_output=True, text=True, **more)
    print(way, run.stdout.strip() or run, run.stderr, end='; ')
scripts = sysconfig.get_path('scripts')
program = os.path.join(scripts, 'natprog')
says('path', program, 'native %s', 'x')
says('found', shutil.which('natprog', path=scripts), 'native')
says('PATH', 'natprog', 'native', env={'PATH': scripts})
says('named', 'another name', 'native', executable=program)
says('inside', natprog.INNER, 'native')
says('above', os.path.join(scripts, '..', os.path.relpath(natprog.INNER, sys.prefix)), 'native')
says('beside', natprog.INNER, (pathlib.Path(natprog.INNER).parent.parent / 'beside.txt').read_text())
script = os.path.abspath('script')
with open(script, 'w') as file:
    file.write('#!' + program + chr(10))
os.chmod(script, 0o755)
says('script', script)
os.symlink(program, 'link')
says('link', os.path.abspath('link'), 'native')
says('static', os.path.join(scripts, 'static'), 'Ada')
says('python', sys.executable, '-c', 'import natprog; print(natprog.__name__)')
print()
";

/// The wheel of programs, and a directory for what is made from it.
fn wheel(directory: &Path) -> PathBuf {
    let path = directory.join("natprog-1-py3-none-any.whl");
    let files = json!({
        "natprog-1.data/scripts/natprog": NATIVE,
        "natprog-1.data/scripts/static": Pack::new("examples/hello/hello.py").run().path,
        "natprog/data/bin/inner": NATIVE,
    });
    Run::new(&interpreters::usual().path)
        .args(["-c", WRITE])
        .arg(&path)
        .arg(files.to_string())
        .success();
    path
}

/// Systems where the host's C library is used, and where it is not.
const ROOTS: [(&str, bool); 5] = [
    ("bookworm", true),
    ("bullseye", false),
    ("musl", false),
    ("busybox", false),
    ("empty", false),
];

fn in_root(packed: &Packed, root: &str) -> Run {
    packed.run().root(root).tmpfs().uid(65534).directory("/tmp")
}

#[test]
fn programs_of_packages_run_in_every_way_on_every_system() {
    let place = scratch();
    let main = place.path().join("main.py");
    fs_err::write(&main, MAIN).unwrap();
    let packed = Pack::new(&main).arg("--with").arg(wheel(place.path())).run();
    let version = interpreters::usual().full();
    let wanted = format!(
        "path native x ; found native ; PATH native ; named native ; inside native ; above native ; beside beside ; \
         script /tmp/script ; link native ; static hello, Ada, from Python {version} ; python natprog ; \n"
    );
    for (root, _) in ROOTS {
        in_root(&packed, root).stdout(wanted.clone()).success();
    }
    for root in ["musl", "empty"] {
        in_root(&packed, root).no_proc().stdout(wanted.clone()).success();
    }
}

#[test]
fn a_native_program_is_an_entry() {
    let place = scratch();
    let pack = Pack::without_app().arg("--with").arg(wheel(place.path()));
    let packed = pack.args(["-c", "natprog"]).run();
    for (root, _) in ROOTS {
        in_root(&packed, root)
            .args(["native %s", "x"])
            .stdout("native x")
            .success();
    }
    in_root(&packed, "empty")
        .no_proc()
        .arg("native")
        .stdout("native")
        .success();
}

/// Nothing stands in the place of a program where the host runs it, and what does is checked and repaired.
#[test]
fn the_launcher_stands_in_the_place_of_a_program_only_where_it_must() {
    let place = scratch();
    let packed = Pack::without_app().arg("--with").arg(wheel(place.path())).run();
    let code = "import os, natprog, sys\n\
        links = [os.path.islink(path) for path in (os.path.join(sys.prefix, 'bin/natprog'), os.path.dirname(natprog.INNER))]\n\
        print(links, os.path.isdir(os.path.join(sys.prefix, '.programs')))";
    let package = "import os, natprog; print(os.path.realpath(natprog.__file__).split('/')[-2:])";
    for (root, is_host) in ROOTS {
        let run = in_root(&packed, root).args(["-c", code]);
        // In the first case the package is a link, so what is in it is none.
        run.stdout(if is_host {
            "[True, False] False\n"
        } else {
            "[False, False] True\n"
        })
        .success();
        let run = in_root(&packed, root).args(["-c", package]);
        run.stdout("['natprog', '__init__.py']\n").success();
    }
    let cache = place.path().join("cache");
    let bundled = Pack::without_app()
        .arg("--with")
        .arg(place.path().join("natprog-1-py3-none-any.whl"));
    let packed = bundled.args(["--libc", "bundled"]).run();
    let run = || packed.run_with_cache(&cache);
    let prefix = run()
        .args(["-c", "import sys; print(sys.prefix)"])
        .stdout_any()
        .success()
        .out();
    let program = Path::new(prefix.trim()).join("bin/natprog");
    fs_err::remove_file(&program).unwrap();
    run()
        .env("PYSHIP", "verify")
        .stdout_has("bin/natprog` is missing")
        .stderr_any()
        .exits(125);
    run().env("PYSHIP", "repair").stdout_any().success();
    Run::new(&program).arg("native").stdout("native").success();
}
