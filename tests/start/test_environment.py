"""What the app sees of the process: environment, arguments, paths, names."""

import os
import zipfile

from case import Case
from fakeapp import SOURCES, base_env, run

DUMP_SYS = """
import json, sys
names = ("prefix exec_prefix base_prefix base_exec_prefix executable platlibdir path _home byteorder "
         "dont_write_bytecode warnoptions _xoptions pycache_prefix abiflags").split()
seen = {name: getattr(sys, name, "missing") for name in names}
seen.update(flags=list(sys.flags), implementation=sys.implementation.name)
import sysconfig
seen.update(paths=sysconfig.get_paths(), scheme=sysconfig.get_path("purelib"))
print(json.dumps(seen))
"""


class Environment(Case):
    def test_the_app_and_its_children_see_the_callers_environment(self):
        script = (
            "import os, subprocess, sys\n"
            "for name in sorted(os.environb): sys.stdout.buffer.write(name + b'=' + os.environb[name] + b'\\0')\n"
            "sys.stdout.flush()\n"
            "assert {os.fsencode(k): os.fsencode(v) for k, v in os.environ.items()} == os.environb\n"
            "child = subprocess.run(['env', '-0'], capture_output=True, env=None).stdout\n"
            "assert sorted(child.split(b'\\0')[:-1]) == sorted(b'='.join(i) for i in os.environb.items()), child\n"
        )
        app = self.app(script)
        odd = {"ODD\udcff": "a\udcfeb", "EMPTY": "", "LINES": "a\nb=c", "_PYSHIPPER": "not ours"}
        for more in (
            {},
            odd,
            {"PYTHONPATH": "/mine:/yours", "PYTHONHOME": "/no/such", "PYTHONSTARTUP": "x\udcff"},
            {"PYTHONPATH": "", "PYTHONUTF8": "1", "PYTHONCASEOK": "1", "PYTHONSAFEPATH": "1"},
            {"LC_ALL": "C"},
            {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "ODD": "\udcc3"},
        ):
            env = base_env(**more)
            done = app.start(env=env)
            # An interpreter in the C locale sets LC_CTYPE for its children, also without us.
            expected = {**env, "LC_CTYPE": "C.UTF-8"} if more == {"LC_ALL": "C"} and "LC_CTYPE=" in done.out else env
            self.ok(done, "".join(f"{name}={value}\0" for name, value in sorted(expected.items(), key=encoded)))

    def test_the_interpreter_mode_gives_back_pythonhome(self):
        app = self.app("")
        script = "import os, posix; print(*posix.environ, os.environ['PYTHONHOME'], flush=True); os.system('echo $PYTHONHOME')"
        for theirs in ({}, {"PYTHONPATH": "/mine"}):
            env = {"B": "1", "PYTHONHOME": "/theirs", **theirs, "LC_ALL": "C.UTF-8"}
            names = " ".join(repr(os.fsencode(name)) for name in env)
            for options in ([], ["-S"], ["-I"], ["-E"], ["-s", "-B"]):
                self.ok(app.python3(*options, "-c", script, env=env), f"{names} /theirs\n/theirs\n")

    def test_sys_is_that_of_a_virtual_environment(self):
        for directories in (("",), ("", "src"), ("src", "lib/more"), ()):
            app = self.app(DUMP_SYS, directories=directories, code={"src/a.py": "", "lib/more/b.py": ""})
            ours, plain = self.json(app.start()), self.json(app.python3(app.main))
            self.assertEqual([ours["path"][0], plain["path"].pop(0)], [app.code] * 2)
            mine = [os.path.join(app.code, directory).rstrip("/") for directory in directories]
            if "" not in directories:
                del ours["path"][0]
            # First what is the app's; in an interpreter by itself, where an environment has what is installed in it.
            after = [path for path in ours["path"] if path not in mine]
            self.assertEqual(ours.pop("path"), [*mine, *after])
            path = plain.pop("path")
            self.assertEqual(path, [*after[:-1], *mine, after[-1]])
            self.assertEqual(ours, plain)
            plain["path"] = path
            bare = self.json(app.python3("-c", DUMP_SYS, env={}))
            self.assertEqual(bare.pop("path"), ["", *plain.pop("path")])
            del bare["flags"], plain["flags"]  # No locale: another UTF-8 mode.
            self.assertEqual(bare, plain)

    def test_fixed_options_reach_the_app(self):
        app = self.app(DUMP_SYS)
        for options in (("-X", "utf8"), ("-W", "error"), ("-O",), ("-B", "-u"), ("-X", "dev")):
            ours = app.start(options=options)
            plain = app.python3(*options, app.main)
            mine, theirs = self.json(ours), self.json(plain)
            del mine["path"], theirs["path"]
            self.assertEqual(mine, theirs)

    def test_without_site(self):
        script = "import sys; print(sys.path, 'site' in sys.modules, sys.flags.no_site)\nprint(hasattr(__builtins__, 'exit'))"
        app = self.app(script)
        path = [app.code, *self.stdlib()]
        self.ok(app.start(options=["-S"]), f"{path} False 1\nFalse\n")

    def stdlib(self):
        done = run([self.python.path, "-I", "-S", "-c", "import sys; print('\\n'.join(sys.path))"], env=base_env())
        return done.out.splitlines()

    def test_arguments_and_names(self):
        script = (
            "import os, sys\n"
            "sys.stdout.buffer.write(b'\\n'.join(map(os.fsencode, sys.argv)) + b'\\n')\n"
            "assert getattr(sys, 'orig_argv', [sys.argv[0], __file__, *sys.argv[1:]]) == [sys.argv[0], __file__, *sys.argv[1:]]\n"
            "print(open('/proc/self/comm', 'rb').read())\n"
            "import _pyship\n"
            "print(_pyship.file, _pyship.name, _pyship.version, sorted(_pyship.__all__), _pyship.__name__)\n"
            "assert _pyship.__doc__.startswith('What a packed program')\n"
            "import importlib.util; assert importlib.util.find_spec('_pyship') is _pyship.__spec__\n"
        )
        app = self.app(script)
        api = "/some/where/app.bin odd 'name' é 1.2 ['directory', 'file', 'name', 'version'] _pyship\n"
        for argv0 in ("./app.bin", "app", "/long/path/to/a-long-name-of-an-app", "odd\udcff", ""):
            comm = os.fsencode(argv0).rpartition(b"/")[2][:15] + b"\n"
            args = ["-c", "", "a b", "\udcfe", "é"]
            done = app.start(*args, argv0=argv0, env=base_env(PYTHONIOENCODING="utf-8"))
            self.ok(done, "\n".join([argv0, *args, repr(comm), api]))

    def test_the_interpreter_has_the_same_module_without_a_file(self):
        app = self.app("")
        self.ok(app.python3("-c", "import _pyship as p; print(p.file, p.version, p.__name__)"), "None 1.2 _pyship\n")

    def test_pythonpath_of_the_caller_comes_first_for_the_interpreter_only(self):
        script = "import sys; print(sys.path[:2])"
        app = self.app(script)
        env = base_env(PYTHONPATH=f"/mine:{app.code}")
        self.ok(app.start(env=env), f"{[app.code, *self.stdlib()[:1]]}\n")
        script = script.replace("[:2]", "[1:-1]")
        self.ok(app.python3("-c", script, env=env), f"{['/mine', app.code, *self.stdlib()]}\n")
        env = base_env(PYTHONPATH="/mine")
        self.ok(app.python3("-c", script, env=env), f"{['/mine', *self.stdlib(), app.code]}\n")

    def test_nothing_is_written_into_the_cache(self):
        code = {"pkg/__init__.py": "", "pkg/mod.py": "import json", "main.py": "import pkg.mod, csv"}
        app = self.app(("script", "main.py"), code=code)
        (app.root / "app/code/extra.py").write_text("print('not compiled')")
        cache = [*(app.root / "app/code").glob("__pycache__/main*")]
        self.assertEqual(len(cache), 1)
        cache[0].unlink()
        before = sorted(map(str, self.directory.rglob("*")))
        self.ok(app.start())
        self.assertEqual(sorted(map(str, self.directory.rglob("*"))), before)

    def test_any_python_starts_the_file(self):
        packed = self.directory / "app.bin"
        packed.write_text('#!/bin/sh\nfor a in "$0" "$@"; do echo "$a"; done; exit 7\n')
        packed.chmod(0o755)
        with zipfile.ZipFile(packed, "a") as archive:
            archive.write(SOURCES / "startup/zip_main.py", "__main__.py")
        for options in ([], ["-I"]):
            command = [self.python.path, *options, "app.bin", "-x", "a b"]
            done = run(command, env=base_env(), cwd=self.directory)
            self.assertEqual((done.returncode, done.out, done.err), (7, f"{packed}\n-x\na b\n", ""))
        done = self.app("").python3(str(packed), "again")
        self.assertEqual((done.returncode, done.out), (7, f"{packed}\nagain\n"))
        packed.chmod(0o644)
        done = run([self.python.path, str(packed)], env=base_env())
        hint = f"pyship: failed to start `{packed}`: Permission denied\nhint: chmod +x '{packed}'\n"
        self.assertEqual((done.returncode, done.err), (125, hint))


def encoded(item):
    return os.fsencode(item[0])
