"""Processes and interpreters that the app starts."""

from case import Case
from fakeapp import base_env

POOL = """
import multiprocessing, os, sys

class Job:
    def __init__(self, n): self.n = n

def work(job):
    return job.n * job.n, sys.prefix, os.environ.get("PYTHONPATH"), os.environ.get("PYTHONHOME"), sys.executable

def main():
    from concurrent.futures import ProcessPoolExecutor
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            expected = [(n * n, sys.prefix, None, None, sys.executable) for n in range(3)]
            assert pool.map(work, [Job(n) for n in range(3)]) == expected, method
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            assert list(pool.map(work, [Job(2)])) == [(4, sys.prefix, None, None, sys.executable)], method
        print(method, "works", flush=True)
"""
GUARDED = "print('imported as', __name__, flush=True)\nif __name__ == '__main__':\n    main()\n"
SPAWNED = "import helper\nprint(__name__, flush=True)\n"

RUN = """
import os, subprocess, sys
script = "import sys, {0}; print(sys.path[1:] if '' == sys.path[0] else sys.path, {0}.__name__, sys.prefix)"
def run(*args):
    done = subprocess.run([sys.executable, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(args[:-1], done.returncode, done.stdout.strip().splitlines()[-1:], flush=True)
    return done.stdout
mine = str([*sys.path[1:-1], sys.path[0], sys.path[-1]])  # Where an environment has what is installed in it.
for options in ([], ["-E"], ["-I"], ["-s"], ["-B"], ["-P"] if sys.version_info >= (3, 11) else []):
    assert run(*options, "-c", script.format("package")) == f"{mine} package {sys.prefix}\\n"
    assert run(*options, "-c", script.format("beside")) == f"{mine} beside {sys.prefix}\\n"
    assert run(*options, "-c", "import secrets; print(secrets.choice)").startswith("<bound method")
assert "ModuleNotFoundError" in run("-S", "-c", "import package")
assert run("-m", "beside") == "__main__ beside\\n"
assert run("-m", "package") == "package main\\n"
os.execv(sys.executable, [sys.executable, "-c", "import beside; print('replaced')"])
"""


class Children(Case):
    def test_multiprocessing_from_a_script(self):
        done = self.app(POOL + GUARDED).start()
        out = self.ok(done).splitlines()
        self.assertEqual(out[0], "imported as __main__")
        self.assertEqual({line for line in out[1:] if line.startswith("imported")}, {"imported as __mp_main__"})
        self.assertEqual([line for line in out if "works" in line], ["fork works", "spawn works", "forkserver works"])

    def test_multiprocessing_from_a_module(self):
        code = {"pkg/__init__.py": "", "pkg/tool.py": "print(__name__, flush=True)\n" + POOL + GUARDED}
        out = self.ok(self.app(("module", "pkg.tool"), code=code).start()).splitlines()
        self.assertEqual((out[0], out.count("__main__")), ("__main__", 1))
        self.assertIn("__mp_main__", out)
        self.assertIn("forkserver works", out)

    def test_multiprocessing_from_a_package(self):
        code = {"pkg/__init__.py": "", "pkg/work.py": POOL, "pkg/__main__.py": "from .work import main\n" + GUARDED}
        out = self.ok(self.app(("module", "pkg"), code=code).start())
        self.assertEqual(out, "imported as __main__\nfork works\nspawn works\nforkserver works\n")

    def test_multiprocessing_from_a_function(self):
        app = self.app(("function", "work", "main"), code={"work.py": POOL})
        self.ok(app.start(), "fork works\nspawn works\nforkserver works\n")

    def test_pool_workers_of_a_caller_with_its_own_python_variables(self):
        app = self.app(("function", "m", "main"), code={"m.py": "def main():\n  import multiprocessing as m, os\n"
            "  with m.get_context('spawn').Pool(1) as p: print(p.map(os.getenv, ['PYTHONPATH', 'PYTHONSAFEPATH']))"})
        self.ok(app.start(env={"PYTHONPATH": "/mine", "PYTHONSAFEPATH": "1"}), "['/mine', '1']\n")

    def test_subprocesses_of_sys_executable(self):
        packages = {"package/__init__.py": "", "package/__main__.py": "print('package main')"}
        code = {"secrets.py": "", "beside.py": "if __name__ == '__main__': print(__name__, __spec__.name)"}
        out = self.ok(self.app(RUN, packages=packages, code=code).start())
        self.assertEqual(out.splitlines()[-1], "replaced")

    def test_a_process_that_restarts_itself(self):
        script = (
            "import os, sys\n"
            "line = open('/proc/self/cmdline', 'rb').read().split(b'\\0')[:-1]\n"
            "left = int(sys.argv[1])\n"
            "print(sys.argv[1:], os.path.basename(sys.argv[0]), flush=True)\n"
            "if left: os.execv(sys.executable, [sys.executable, *(a if a != b'%d' % left else b'%d' % (left - 1) for a in line[1:])])\n"
        )
        out = "['2', 'x'] app.bin\n['1', 'x'] main.py\n['0', 'x'] main.py\n"
        self.ok(self.app(script).start("2", "x"), out)

    def test_the_environment_of_the_process(self):
        script = (
            "import os, subprocess, sys\n"
            "entries = [x.partition(b'=')[::2] for x in open('/proc/self/environ', 'rb').read().split(b'\\0') if x]\n"
            "print(entries == list(os.environb.items()))\n"
            "child = subprocess.run([sys._base_executable, '-c', 'import sys; print(sys.prefix)'], env=dict(entries), capture_output=True, text=True)\n"
            "print(child.stdout.strip() == sys.base_prefix, child.stderr)\n"
        )
        for more in ({}, {"PYTHONPATH": "/a", "Z": "1", "PYTHONSAFEPATH": "1"}):
            self.ok(self.app(script).start(env={**base_env(LC_ALL="C.UTF-8"), **more}), "True\nTrue \n")

    def test_a_python_of_the_system_isnt_ours(self):
        script = (
            "import subprocess, sys; base = sys._base_executable\n"
            "out = subprocess.run([base, '-c', 'import sys; print(sys.prefix)'], capture_output=True, text=True)\n"
            "print(out.stdout.strip() == sys.base_prefix, out.stderr)"
        )
        self.ok(self.app(script).start(), "True \n")

    def test_a_virtual_environment_can_be_made_from_it(self):
        script = (
            "import os, subprocess, sys, venv; to = sys.argv[1]\n"
            "venv.create(to, symlinks=True); run = [to + '/bin/python', '-c', 'import sys; print(sys.prefix)']\n"
            "print(subprocess.run(run, capture_output=True, text=True).stdout.strip() == to)"
        )
        self.ok(self.app(script).start(str(self.directory / "venv")), "True\n")

    def test_subinterpreters(self):
        module = "_interpreters" if self.python.version >= (3, 13) else "_xxsubinterpreters"
        script = (
            f"import {module} as i, os, sys\n"
            "os.environ['PYTHONHOME'] = '/mine'\n"
            "id = i.create()\n"
            "i.run_string(id, '''if 1:\n"
            "    import os, sys, package, json, encodings, _pyship\n"
            "    print(sys.prefix, sys.executable, sys.path, os.environ['PYTHONHOME'], encodings.__name__)\n"
            "''')\n"
            "i.destroy(id)\n"
            "print(sys.prefix, sys.executable, sys.path, '/mine', 'encodings')\n"
        )
        app = self.app(script, packages={"package.py": ""})
        done = app.start()
        first, second = self.ok(done).splitlines()  # In the order in which they are flushed.
        # The app's code is after the standard library, as in any child; from 3.12 on the script's directory is first, too.
        self.assertIn(repr(app.code), first)
        self.assertEqual(*(line.replace(f"{app.code!r}, ", "") for line in (first, second)))
