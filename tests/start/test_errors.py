"""How a program ends: exit codes, tracebacks without our frames, signals."""

import signal
import subprocess
import time
from pathlib import Path

from case import Case
from fakeapp import base_env

ENDS = (
    "1/0",
    "def f():\n    raise ValueError('x')\nf()",
    "try:\n    1/0\nexcept Exception as e:\n    raise KeyError('a') from e",
    "try:\n    1/0\nexcept Exception:\n    {}['b']",
    "import nothing_of_the_kind",
    "raise SystemExit",
    "raise SystemExit(3)",
    "raise SystemExit('message')",
    "import sys; sys.exit(True)",
    "import sys; sys.exit([1, 2])",
    "raise KeyboardInterrupt",
    "import os, signal; os.kill(os.getpid(), signal.SIGINT); import time; time.sleep(5)",
    "import os, signal; os.kill(os.getpid(), signal.SIGTERM); import time; time.sleep(5)",
    "import os; os.abort()",
    "x = (",
    "def f():\n  return\n x",
    "print('a'\n\xe9 =",
    "raise BaseException('base')",
    "class E(Exception):\n  def __str__(self): return 1/0\nraise E",
    "import sys\ndef hook(t, v, tb): print('hook', t, tb.tb_frame.f_code.co_filename == __file__, v.__traceback__ is tb)\n"
    "sys.excepthook = hook\nraise ValueError",
    "import sys; del sys.excepthook; sys.exit(2)",
    "import sys, atexit\natexit.register(lambda: print(sys.last_type, sys.last_traceback.tb_frame.f_code.co_name, "
    "sys.excepthook is sys.__excepthook__))\n1/0",
    "import threading\nt = threading.Thread(target=lambda: 1/0, name='t'); t.start(); t.join()",
    "import atexit; atexit.register(lambda: 1/0)",
    "import sys; sys.stdout.close()",
    "def f(n): f(n + 1)\ntry: f(0)\nexcept RecursionError: print('deep')",
    "import asyncio\nasync def f(): raise ValueError('in a task')\nasyncio.run(f())",
    "import traceback\ntry: 1/0\nexcept Exception: traceback.print_exc()",
    "import json; json.loads('{')",
    "e = ValueError('kept')\ntry: raise e\nexcept ValueError: pass\nraise e",
    "exec('1/0')",
    "import sys; sys.tracebacklimit = 1\ndef f(): 1/0\nf()",
)


class Errors(Case):
    def test_scripts_end_as_with_plain_python(self):
        for script in ENDS:
            with self.subTest(script):
                self.same(self.app(script, code={"helper.py": ""}))

    def test_groups_and_notes(self):
        if self.python.version < (3, 11):
            self.assertLess(self.python.version, (3, 11))
            return
        self.same(self.app("e = ValueError(1); e.add_note('note'); raise ExceptionGroup('g', [e, KeyError(2)])"))

    def test_sources_that_dont_compile(self):
        app = self.app("")
        main = Path(app.main)
        for path in (app.root / "app/code/__pycache__").iterdir():
            path.unlink()
        for source in (b"x = (\n", b"# coding: nonsense\n", b"'\xff'", b"  x\n"):
            main.write_bytes(source)
            self.assertEqual(self.same(app).returncode, 1)

    def test_modules_and_functions_show_the_frames_of_python_m_and_of_a_script(self):
        code = {"m.py": "def main():\n    1/0\nif __name__ == '__main__': main()\n", "bad.py": "import m\n1/0"}
        for entry, lines in (
            (("module", "m"), ["line 3, in <module>", "line 2, in main"]),
            (("function", "m", "main"), ["line 5, in <module>", "line 2, in main"]),
            (("function", "bad", "main"), ["line 3, in <module>", "line 2, in <module>"]),
        ):
            app = self.app(entry, code=code)
            done = app.start()
            shown = [line.split(", ", 1)[1] for line in done.err.splitlines() if line.startswith("  File ")]
            own = [line for line in shown if not line.endswith(("_run_module_as_main", "_run_code"))]
            self.assertEqual((done.returncode, own), (1, lines), done.err)
            self.assertNotIn("<pyship>", done.err)

    def test_an_interrupt_from_the_terminal(self):
        app = self.app("import time; print('ready', flush=True); time.sleep(20)")
        ended = []
        start = app.start
        for _ in (1,):
            import fakeapp

            original, fakeapp.run = fakeapp.run, lambda command, **how: subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Whoever started the tests in the background has had it ignored.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                **how,
            )
            try:
                process = start(env=base_env())
            finally:
                fakeapp.run = original
            self.assertEqual(process.stdout.readline(), b"ready\n")
            time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            ended.append(process.communicate(timeout=20)[1].decode())
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertRegex(ended[0], r"\ATraceback.*\n  File .*main.py\", line 1, in <module>\n(.*\n)*KeyboardInterrupt\n\Z")
