"""The kinds of entry: each starts as plain Python would start it."""

from case import Case

DUMP_MAIN = """
import sys
me = sys.modules["__main__"]
assert vars(me) is globals()
print(sorted(name for name in globals() if name not in ("me", "sys")))
print(__name__, __spec__, __doc__, __package__, globals().get("__cached__"), type(__loader__), __builtins__)
print(__loader__.name, __loader__.path == __file__, __loader__.get_source("__main__")[:8].strip())
"""


class Script(Case):
    def test_main_is_that_of_a_script(self):
        self.same(self.app(DUMP_MAIN))
        self.same(self.app('"""About."""\nprint(__doc__, __file__)'))
        self.same(self.app("print(__annotations__ if '__annotations__' in globals() else 'none')\nx: int = 1"))

    def test_it_needs_no_bytecode(self):
        app = self.app(DUMP_MAIN)
        for path in (app.root / "app/code/__pycache__").iterdir():
            path.unlink()
        self.same(app)

    def test_a_script_in_a_directory(self):
        code = {"tools/run.py": "import sys, beside, main; print(sys.path[:2], __file__)", "tools/beside.py": ""}
        app = self.app(("script", "tools/run.py"), code={"main.py": "", **code})
        tools = app.code + "/tools"
        self.ok(app.start(), f"{[tools, app.code]} {tools}/run.py\n")

    def test_odd_names_and_encodings(self):
        app = self.app(("script", "ödd \udcff.py"), code={"ödd \udcff.py": "# coding: latin-1\nprint(ascii('\udce9'))"})
        self.ok(app.start(), "'\\xe9'\n")

    def test_what_programs_do_at_their_top_level(self):
        for script in (
            "class A: pass\nimport pickle; print(pickle.loads(pickle.dumps(A())).__class__ is A)",
            "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f), inspect.getsourcefile(f) == __file__)",
            "if __name__ == '__main__': print('main')",
            "import __main__, sys; print(__main__.__file__ == __file__, __main__ is sys.modules['__main__'])",
            "import atexit; atexit.register(print, 'bye'); print('hello')",
            "import threading; threading.Timer(0.05, print, ['later']).start(); print(threading.main_thread())",
            "import asyncio\nasync def f(): print('x')\nasyncio.run(f())",
            "import gc, weakref\nclass A:\n  def __del__(self): print('del', self.me is self)\na = A(); a.me = a; print(gc.isenabled(), gc.get_threshold())",
            "class A:\n  def __del__(self): print('gone')\na = A(); a.me = a; del a; import gc; gc.collect(); print('collected')",
            "import sys; print(sys.stdin.read(), sys.stdin.encoding, sys.stdout.encoding, sys.stdout.line_buffering)",
            "import doctest\ndef f():\n  '''\n  >>> f()\n  1\n  '''\n  return 1\nprint(doctest.testmod())",
            "import unittest\nclass T(unittest.TestCase):\n  def test(self): pass\nunittest.main(argv=['x', '--help'])",
            "import dataclasses, typing\n@dataclasses.dataclass\nclass A:\n  x: 'typing.List[int]'\nprint(typing.get_type_hints(A), A(1))",
            "import importlib, sys; importlib.invalidate_caches(); import json; print(json.__name__)",
            "import warnings; warnings.warn('careful')",
            "import sys; print(sorted(k for k in sys.path_importer_cache if 'app/start' in k))",
            "from __future__ import annotations\ndef f(x: Never): pass\nprint(f.__annotations__)",
            "import time; print('ok')",
            "import os, signal, sys; print(signal.getsignal(signal.SIGINT).__name__); sys.stdout.flush(); os._exit(5)",
            "import encodings, sys; print(encodings.__file__, encodings.__path__, encodings.__spec__.origin, "
            "encodings.aliases.__spec__.parent, encodings.utf_8, encodings.normalize_encoding.__code__.co_filename)",
            "import encodings.idna, encodings.latin_1; print('x'.encode('latin-1'), 'ü'.encode('idna'), b''.decode('cp1252'))",
            "import importlib, encodings; print(importlib.reload(encodings))",
        ):
            with self.subTest(script):
                done = self.same(self.app(script), input=b"typed")
                self.assertTrue(done.out + done.err)

    def test_importtime(self):
        app = self.app("import json")
        done = app.start(options=["-X", "importtime"])
        self.assertEqual(done.returncode, 0)
        self.assertIn(" json\n", done.err)
        self.assertNotIn("| site\n", done.err)

    def test_the_outermost_frame_is_the_scripts(self):
        script = (
            "import inspect, sys, traceback\n"
            "print(len(inspect.stack()), inspect.stack()[-1].filename == __file__, sys._getframe().f_back)\n"
            "print(traceback.extract_stack()[0].filename == __file__, inspect.getmodule(inspect.stack()[-1].frame).__name__)\n"
            "def f(): warnings.warn('careful', stacklevel=9)\n"
            "import warnings; f()"
        )
        self.same(self.app(script))

    def test_names_of_modules_that_are_loaded_before(self):
        for name in ("abc", "io", "codecs", "os", "stat", "genericpath", "posixpath", "_collections_abc", "encodings", "site"):
            code = {f"{name}.py": "MINE = 1\n", "other.py": ""}
            self.same(self.app(f"import os, {name}, other; print(os.sep, hasattr({name}, 'MINE'))", code=code))
            app = self.app(("function", "m", "main"), code={"m.py": "def main(): import os; print(os.sep)", **code})
            self.ok(app.start(), "/\n")


class Module(Case):
    code = {
        "pkg/__init__.py": "",
        "pkg/__main__.py": "import sys; print(__spec__.name, __package__, __file__, __name__, sorted(globals()))",
        "pkg/mod.py": "from . import other; print(__spec__.name, __spec__.origin, __package__, __spec__.cached, __doc__)",
        "pkg/other.py": "",
        "pkg/sub/__init__.py": "print('sub')",
        "space/one.py": "print(__spec__.name)",
        "broken/__init__.py": "import nothing_of_the_kind",
        "raising/__init__.py": "raise AttributeError('mine')",
        "eager/__init__.py": "from . import tool",
        "eager/tool.py": "print(__name__)",
        "plain.py": "import sys; print(__spec__.name, repr(__package__), sys.argv[1:])",
    }

    def test_like_python_m(self):
        for name in ("pkg", "pkg.mod", "pkg.__main__", "plain", "space.one", "this", "json.tool"):
            with self.subTest(name):
                app = self.app(("module", name), code=self.code)
                self.assertEqual(self.ok(app.start("--help")), self.ok(app.python3("-m", name, "--help")))

    def test_failures_say_what_python_m_says(self):
        for name in ("missing", "pkg.missing", "missing.mod", "pkg.sub", "space", "plain.x", "sys", "eager.tool", "raising.x"):
            with self.subTest(name):
                app = self.app(("module", name), code=self.code)
                ours, plain = app.start(), app.python3("-m", name)
                self.assertEqual((ours.returncode, ours.out), (plain.returncode, plain.out))
                self.assertEqual(ours.err.splitlines()[-1:], plain.err.splitlines()[-1:])

    def test_it_finds_what_is_in_the_working_directory_first(self):
        (self.directory / "beside.py").write_text("print('beside')")
        app = self.app(("module", "tool"), code={"tool.py": "import beside, sys; print(sys.path[0], sys.argv[0] == __file__)"})
        self.ok(app.start(cwd=self.directory), f"beside\n{self.directory} True\n")

    def test_a_missing_dependency_is_shown_as_such(self):
        done = self.app(("module", "broken"), code=self.code).start()
        self.assertEqual(done.returncode, 1)
        self.assertIn("ModuleNotFoundError: No module named 'nothing_of_the_kind'", done.err)
        self.assertNotIn("pyship", done.err.replace(str(self.directory), ""))


class Function(Case):
    code = {"tool/__init__.py": "", "tool/cli.py": "class App:\n  def main(): import sys; print(sys.argv); return 4\n"}

    def test_its_result_is_the_exit_code(self):
        app = self.app(("function", "tool.cli", "App.main"), code=self.code)
        done = app.start("x")
        self.assertEqual((done.returncode, done.out, done.err), (4, "['./app.bin', 'x']\n", ""))

    def test_main_is_a_script(self):
        code = {"m.py": "import sys\ndef main():\n  m = sys.modules['__main__']; print(m.__file__, m.__spec__, m.__package__, sys.path[:2])"}
        app = self.app(("function", "m", "main"), code=code)
        self.ok(app.start(), f"{app.root}/bin/app None None {[f'{app.root}/bin', app.code]}\n")

    def test_a_submodule_can_be_the_first_part(self):
        app = self.app(("function", "tool", "cli.App.main"), code=self.code)
        self.assertEqual(app.start().returncode, 4)

    def test_a_missing_one_is_named(self):
        for entry, message in (
            (("function", "tool.cli", "other"), "ImportError: cannot import name 'other' from 'tool.cli'"),
            (("function", "nothing", "main"), "ModuleNotFoundError: No module named 'nothing'"),
        ):
            done = self.app(entry, code=self.code).start()
            self.assertEqual((done.returncode, done.err.splitlines()[-1].partition(" (")[0]), (1, message))
