//! What `sysconfig` says in a packed app: where things lie now, and nothing of where they were built.

use harness::{Pack, interpreters, scratch};

const WHERE: &str = "
import os, sys, sysconfig
old = sys.argv[1]
v = sysconfig.get_config_vars()
print([k for k, x in sorted(v.items()) if isinstance(x, str) and old in x])
print([k for k, x in sysconfig.get_paths().items() if not x.startswith((sys.prefix, sys.base_prefix))])
print(os.path.samefile(v['LIBDEST'], os.path.dirname(os.__file__)), os.path.isfile(v['BINDIR'] + '/python%d.%d' % sys.version_info[:2]))
made = sysconfig.get_makefile_filename()
print([p for p in (made, sysconfig._get_sysconfigdata_name()) if os.path.isfile(p) and old in open(p).read()])
data = os.path.join(os.path.dirname(os.__file__), sysconfig._get_sysconfigdata_name() + '.py')
print(old in open(data).read())
";

#[test]
fn no_directory_of_the_builder_is_left() {
    let own = interpreters::each_minor()
        .into_iter()
        .filter(|found| !found.is_systems());
    let mut count = 0;
    for interpreter in own {
        count += 1;
        let packed = Pack::without_app().python(interpreter).run();
        let run = packed.run().args(["-c", WHERE]).arg(&interpreter.prefix);
        let outcome = run.output();
        let want = "[]\n[]\nTrue True\n[]\nFalse\n";
        assert_eq!(
            outcome.out(),
            want,
            "{}\n{}",
            interpreter.full(),
            outcome.report()
        );
    }
    assert!(count > 0, "no interpreter with a prefix of its own");
}

#[test]
fn an_extension_is_compiled_with_headers_that_were_kept() {
    let place = scratch();
    let source = "#include <Python.h>\nstatic struct PyModuleDef def = {PyModuleDef_HEAD_INIT, \"made\"};\n\
                  PyMODINIT_FUNC PyInit_made(void) { return PyModule_Create(&def); }\n";
    fs_err::write(place.path().join("made.c"), source).unwrap();
    let code = "
import shlex, subprocess, sys, sysconfig
var, suffix = sysconfig.get_config_var, sysconfig.get_config_var('EXT_SUFFIX')
line = shlex.split(var('LDSHARED')) + ['-fPIC', '-I' + sysconfig.get_paths()['include'], 'made.c', '-o', 'made' + suffix]
subprocess.run(line, check=True)
sys.path.insert(0, '.')
import made
print(made.__name__)
pc = var('LIBPC') + '/python-%d.%d.pc' % sys.version_info[:2]
print(*(line for line in open(pc) if line.startswith('prefix=')), end='')
";
    let packed = Pack::without_app().args(["--keep", "headers"]).run();
    let run = packed.run().args(["-c", code]).directory(place.path());
    run.env("PATH", std::env::var_os("PATH").unwrap())
        .stdout_has("made\n")
        .stdout_has("prefix=${pcfiledir}/../..\n")
        .success();
}
