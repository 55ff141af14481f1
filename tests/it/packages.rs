//! What a package can bring along besides modules: `.pth` files, namespace packages, metadata, data, scripts.

use std::path::Path;

use harness::{Pack, Run, interpreters, scratch};

#[test]
fn pth_files_namespace_packages_metadata_and_scripts_work() {
    let place = scratch();
    let wheel = made_wheel(place.path());
    let packed = Pack::without_app().arg("--with").arg(&wheel).run();
    let code = "import importlib.metadata as m, sys, space.part, os\n\
        print(space.part.NAME, sys.from_pth, m.version('sample'), [e.name for e in m.entry_points()['console_scripts'] if e.name == 'sample'] if isinstance(m.entry_points(), dict) else [e.name for e in m.entry_points(group='console_scripts') if e.name == 'sample'])\n\
        print(open(os.path.join(sys.prefix, 'share', 'sample.txt')).read())";
    packed
        .run()
        .args(["-c", code])
        .stdout("part True 1.0 ['sample']\nshared\n")
        .success();
    let script = "import subprocess, sys, os\n\
        print(subprocess.check_output([os.path.join(sys.prefix, 'bin', 'sample'), 'x'], text=True), end='')";
    packed
        .run()
        .args(["-c", script])
        .stdout("script ['x']\n")
        .success();
}

/// A wheel with everything that a wheel can have: no package of the index has it all.
fn made_wheel(directory: &Path) -> std::path::PathBuf {
    let script = r"
import sys, zipfile
files = {
    'space/part.py': 'NAME = \'part\'\ndef main():\n    import sys\n    print(\'script\', sys.argv[1:])\n',
    'sample-hook.pth': 'import sys; sys.from_pth = True\n',
    'sample-1.0.data/data/share/sample.txt': 'shared',
    'sample-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n',
    'sample-1.0.dist-info/WHEEL': 'Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    'sample-1.0.dist-info/entry_points.txt': '[console_scripts]\nsample = space.part:main\n',
}
record = 'sample-1.0.dist-info/RECORD'
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    for name, text in files.items():
        wheel.writestr(name, text)
    wheel.writestr(record, ''.join(name + ',,\n' for name in [*files, record]))
";
    let wheel = directory.join("sample-1.0-py3-none-any.whl");
    Run::new(&interpreters::usual().path)
        .args(["-c", script])
        .arg(&wheel)
        .success();
    wheel
}
