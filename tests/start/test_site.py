"""`site`, its builtins, `.pth` files and `sitecustomize`."""

import json

from case import Case, plain_numbers

DUMP_SITE = """
import json, site, sys, types
seen = {name: repr(getattr(site, name)) for name in dir(site) if name not in ("__builtins__", "__cached__")}
seen["functions"] = sorted(name for name, value in vars(site).items() if isinstance(value, types.FunctionType))
for name in seen["functions"]:
    assert getattr(site, name).__globals__ is vars(site), name
seen = {name: value for name, value in seen.items() if not str(value).startswith("<function")}
seen.update(type=type(site).__name__, spec=site.__spec__.name, packages=site.getsitepackages(), doc=site.__doc__)
seen["path"] = sys.path[1:]
print(json.dumps(seen))
"""


class Site(Case):
    def test_site_is_the_real_one_once_it_is_used(self):
        app = self.app(DUMP_SITE)
        ours, plain = self.json(app.start()), self.json(app.python3(app.main))
        self.assertEqual([path for path in plain.pop("path") if path != app.code], ours.pop("path"))
        self.assertEqual(plain_numbers(json.dumps(ours)), plain_numbers(json.dumps(plain)))

    def test_ways_to_use_it(self):
        for script in (
            "import site; print(site.ENABLE_USER_SITE, site.PREFIXES)",
            "from site import getsitepackages, USER_SITE; print(getsitepackages(), USER_SITE)",
            "import site; site.addsitedir('/tmp'); import sys; print(sys.path[-1])",
            "import site, sys; site.marker = 1; site.main(); print(site.marker, sys.prefix)",
            "import importlib, site; print(importlib.reload(site) is site, site.ENABLE_USER_SITE, site.PREFIXES)",
            "import site, unittest.mock as m\nwith m.patch('site.getuserbase', lambda: 1): print(site.getuserbase())\n"
            "print(site.getuserbase())",
            "import importlib.util as u; print(u.find_spec('site').origin)",
            "import runpy; print(sorted(runpy.run_module('site'))[-3:])",
            "import site; print(site.__file__, site)",
            "import pydoc, site; print(pydoc.render_doc(site)[:600])",
            "import sys; print(sys.modules['site'].__doc__ is not None or 'not loaded yet' and True)",
            "import site\ntry: site.nothing\nexcept AttributeError as e: print(e)",
            "import threading, site\ndef f(): seen.append(site.abs_paths.__name__)\nseen = []\n"
            "t = [threading.Thread(target=f) for _ in range(20)]\n"
            "[x.start() for x in t]; [x.join() for x in t]; print(seen)",
        ):
            with self.subTest(script):
                self.assertEqual(self.same(self.app(script)).returncode, 0)

    def test_it_stays_unloaded_when_nobody_looks(self):
        script = (
            "import site, sys, inspect, warnings\n"
            "[getattr(m, '__warningregistry__', None) for m in list(sys.modules.values())]\n"
            "print(type(site).__name__, 'os' in sys.modules)"
        )
        self.assertRegex(self.ok(self.app(script).start()), "^_Site ")

    def test_builtins(self):
        for script in (
            "exit()",
            "exit(3)",
            "quit('bye')",
            "raise exit",
            "print(exit, quit, copyright, credits)",
            "print(repr(help), repr(license))",
            "help(len)",
            "help('modules-no-such')",
            "print(exit.name, exit.eof)",
            "import builtins; builtins.exit = 5; print(quit); print(exit)",
            "print(callable(exit), callable(help)); copyright()",
            "import copy; print(*map(repr, (copy.copy(exit), copy.deepcopy(quit), type(copy.deepcopy(help)))))",
            "import builtins, copy; copy.deepcopy({n: v for n, v in vars(builtins).items() if n != 'help'}); print(exit)",
            "import builtins; print({n for n in vars(builtins) if not n.startswith('_')} >= {'exit', 'help'})",
        ):
            with self.subTest(script):
                self.same(self.app(script), stdin=-3)

    def test_the_prompt_hook(self):
        app = self.app("import sys; sys.__interactivehook__(); print('readline' in sys.modules, sys.__interactivehook__)")
        ours = self.ok(app.start()).split(" ")
        plain = self.ok(app.python3(app.main)).split(" ")
        self.assertEqual(ours[:3], plain[:3])
        self.same(self.app("print(1)"), env={"PYTHONINSPECT": "1", "LANG": "C.UTF-8"}, input=b"print(2)\nexit()\n")

    def test_flags_are_untouched(self):
        self.same(self.app("import site, sys; f = sys.flags; site.PREFIXES; print(f, f is sys.flags, type(f))"))

    def test_python_m_site(self):
        app = self.app("import subprocess, sys; subprocess.run([sys.executable, '-m', 'site']); print(flush=True)")
        self.same(app)


class Pth(Case):
    packages = {
        "a.pth": "# comment\n\nextra\nnot/there\n./extra\n/nowhere\nimport sys; sys.a = 1\n",
        "b-nspkg.pth": "import sys, os; sys.where = sys._getframe(1).f_locals['sitedir']; sys.os = os.name\n",
        "c.pth": "import sys; sys.c = 1\nimport nothing_of_the_kind\nimport sys; sys.not_reached = 1\n",
        "d.pth": "import\tsys; sys.d = [x for x in (1, 2)]\ninside/\n",
        "inside/__init__.py": "",
        "inside/late.py": "",
        "extra/additional.py": "",
    }
    script = (
        "import sys; print(sys.a, sys.c, sys.d, sys.where, sys.os, hasattr(sys, 'not_reached'), sys.path[1:])\n"
        "import additional, late"
    )

    def test_pth_files(self):
        app = self.app(self.script, packages=self.packages)
        ours, plain = app.start(), app.python3(app.main)
        self.assertEqual(ours.returncode, 0)
        self.assertEqual(ours.out, plain.out.replace(f"{app.code!r}, ", ""))
        said = "Error processing line 2 of " if self.python.version < (3, 15) else "Error in import line from "
        for done in (ours, plain):
            self.assertIn(said, done.err)
            self.assertIn("  ModuleNotFoundError: No module named 'nothing_of_the_kind'\n", done.err)
        self.assertEqual(ours.err.splitlines()[0], plain.err.splitlines()[0])

    def test_start_files(self):
        packages = {
            "a.start": "# comment\nstarted:run\n",
            "a.pth": "extra\nimport sys; sys.skipped = True\n",
            "extra/started.py": "import sys\ndef run(): sys.started = __name__\n",
        }
        app = self.app("import sys; print(getattr(sys, 'started', ''), hasattr(sys, 'skipped'))", packages=packages)
        said = "started False\n" if self.python.version >= (3, 15) else " True\n"
        self.assertEqual(self.same(app).out, said)

    def test_an_import_hook_of_a_pth_file_works(self):
        packages = {
            "hook.pth": "import hook_package; hook_package.install()\n",
            "hook_package.py": "import sys, types\ndef install(): sys.modules['magic'] = types.ModuleType('magic')\n",
        }
        self.same(self.app("import magic; print(magic)", packages=packages))

    def test_sitecustomize(self):
        for text in ("import sys; sys.custom = 1", "1/0", "import nothing_of_the_kind"):
            with self.subTest(text):
                app = self.app(
                    "import sys; print(getattr(sys, 'custom', None))",
                    packages={"sitecustomize.py": text},
                    custom=True,
                )
                ours, plain = app.start(), app.python3(app.main)
                self.assertEqual((ours.out, ours.err.splitlines()[:2]), (plain.out, plain.err.splitlines()[:2]))
