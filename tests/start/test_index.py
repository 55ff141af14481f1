"""Imports through the index of modules: the same as by search, whatever a program does to what it imports from."""

import os

import fakeapp
from case import Case

PACKAGES = {
    "one.py": "VALUE = 1\n",
    "pkg/__init__.py": "from . import inner\n",
    "pkg/inner.py": "VALUE = 2\n",
    "pkg/data.txt": "text",
    "pkg/sub/__init__.py": "",
    "pkg/sub/leaf.py": "VALUE = 3\n",
    "space/leaf.py": "VALUE = 4\n",
    "space/deeper/leaf.py": "VALUE = 5\n",
    "broken.py": "this is no Python\n",
    "fails.py": "import pkg.missing\n",
    "raises.py": "import one\n1 / 0\n",
}


class Index(Case):
    """Each program runs as an app with an index and as plain `python3 main.py`."""

    def indexed(self, source, packages=PACKAGES, **more):
        return self.app(source, packages=packages, indexed=True, **more)

    def test_finders_are_used_and_ask_for_little(self):
        app = self.indexed(
            "import _pyship, sys, one, pkg.sub.leaf, space.deeper.leaf\n"
            "for module in one, pkg, pkg.inner, pkg.sub.leaf, space.leaf if hasattr(space, 'leaf') else one:\n"
            "    print(module.__file__ in _pyship._packed, module.__name__, module.__spec__.cached.rpartition('/')[2])\n"
            "print(sorted({type(found).__name__ for found in sys.path_importer_cache.values() if found}))\n"
        )
        out = self.ok(app.start())
        self.assertIn("True pkg.sub.leaf leaf.cpython-", out)
        self.assertIn("_Finder", out.splitlines()[-1])

    def test_everything_a_module_says_of_itself(self):
        self.same(
            self.indexed(
                "import sys, json.decoder, one, pkg.sub.leaf, space.deeper.leaf\n"
                "for module in json.decoder, one, pkg, pkg.inner, pkg.sub, pkg.sub.leaf, space, space.deeper.leaf:\n"
                "    spec = module.__spec__\n"
                "    print(spec.name, spec.origin, spec.cached, spec.parent, spec.has_location, spec.loader_state)\n"
                "    print(list(spec.submodule_search_locations or ()), list(getattr(module, '__path__', ())))\n"
                "    print(getattr(module, '__file__', 0), getattr(module, '__cached__', 0), module.__package__)\n"
                "    print(type(spec.loader) is __import__('importlib.machinery').machinery.SourceFileLoader)\n"
                "    print(vars(spec.loader or spec))\n"
            )
        )

    def test_what_is_installed_later(self):
        app = self.indexed(
            "import _pyship, sys, late, one, pkg.sub.leaf\n"
            "print(sys.from_pth, late.__file__, bool(_pyship._packed[pkg.sub.leaf.__file__]))\n"
        )
        (app.packages / "late.py").write_text("")
        (app.packages / "late.pth").write_text("import sys; sys.from_pth = 'here'\n")
        self.ok(app.start(), f"here {app.root}/{app.python.site_packages}/late.py True\n")
        self.ok(app.python3("-c", "import late, sys; print(sys.from_pth)"), "here\n")

    def test_a_spec_is_pickled_and_copied(self):
        script = (
            "import copy, pickle, subprocess, sys\nimport one\n"
            "data = pickle.dumps(one.__spec__)\n"
            "print(pickle.loads(data) == one.__spec__, copy.deepcopy(one.__loader__) == one.__loader__, flush=True)\n"
            "there = 'import pickle, sys; spec = pickle.load(sys.stdin.buffer); print(spec.loader.get_code(spec.name))'\n"
            "subprocess.run([sys.executable, '-c', there], input=data, check=True)\n"
        )
        self.same(self.indexed(script))

    def test_a_spec_equals_the_interpreters_own(self):
        script = (
            "import importlib.util as util, one, pkg.sub\n"
            "own = util.spec_from_file_location('one', one.__file__)\n"
            "print(own == one.__spec__, one.__spec__ == own, len({own.loader, one.__loader__}), own == pkg.sub.__spec__)\n"
            "other = util.spec_from_file_location('other', one.__file__)\n"
            "print(other.loader == one.__loader__, one.__loader__ == 5, one.__loader__ == util.find_spec('one').loader)\n"
        )
        self.same(self.indexed(script))

    def test_what_is_not_there(self):
        self.same(
            self.indexed(
                "import importlib.util as util\n"
                "for name in 'nothing', 'pkg.nothing', 'space.nothing', 'pkg.__pycache__', 'pkg.sub.leaf', 'space':\n"
                "    spec = util.find_spec(name)\n"
                "    print(name, spec and spec.origin, spec and list(spec.submodule_search_locations or ()))\n"
                "try:\n    import one.two\nexcept ImportError as error:\n    print(repr(error), error.name, error.path)\n"
                "try:\n    import pkg.nothing\nexcept ImportError as error:\n    print(repr(error), error.name)\n"
            )
        )

    def test_tracebacks(self):
        for what in ("fails", "raises", "broken", "pkg.missing"):
            self.same(self.indexed(f"import {what}\n"))

    def test_pkgutil_and_resources(self):
        self.same(
            self.indexed(
                "import pkgutil, pkg, space, sys\n"
                "print([one.name for one in pkgutil.walk_packages(pkg.__path__, 'pkg.')])\n"
                "print([one.name for one in pkgutil.iter_modules(space.__path__)])\n"
                "print(sorted(one.name for one in pkgutil.iter_modules() if 'site-packages' in one.module_finder.path))\n"
                "print(pkgutil.get_data('pkg', 'data.txt'))\n"
                "from importlib import resources\n"
                "print(resources.files('pkg').joinpath('data.txt').read_text())\n"
                "print([sorted(one.name for one in resources.files('space').iterdir() if one.name[0] != '_')])\n"
            )
        )

    def test_a_module_of_the_app_that_is_written_to_in_its_place_runs_its_new_source(self):
        app = self.indexed(
            "import os, subprocess, sys\n"
            "here = os.path.dirname(os.path.abspath(__file__))\n"
            "times = os.stat(here).st_mtime_ns, os.stat(here + '/inner').st_mtime_ns\n"
            "for name, text in ('gen.py', 'V = 22\\n'), ('inner/gen.py', 'V = 33\\n'):\n"
            "    with open(os.path.join(here, name), 'w') as file: file.write(text)\n"
            "assert times == (os.stat(here).st_mtime_ns, os.stat(here + '/inner').st_mtime_ns)\n"
            "import gen, inner.gen, inner.kept\n"
            "print(gen.V, inner.gen.V, inner.kept.V, flush=True)\n"
            "code = 'import gen, inner.gen; print(gen.V, inner.gen.V)'\n"
            "for flags in [], ['-O']: subprocess.run([sys.executable, *flags, '-c', code], check=True)\n",
            code={"gen.py": "V = 2\n", "inner/__init__.py": "", "inner/gen.py": "V = 3\n", "inner/kept.py": "V = 4\n"},
        )
        self.ok(app.start(), "22 33 4\n22 33\n22 33\n")

    def test_a_rewritten_module_is_noticed_whatever_becomes_of_its_directory(self):
        source = "import gen, kept\nprint(gen.V, kept.V)\n"
        app = self.indexed(source, code={"gen.py": "V = 2\n", "kept.py": "V = 4\n"})
        gen = os.path.join(app.code, "gen.py")
        with open(gen, "r+") as file:
            file.write("V = 7\n")
        os.chmod(app.code, 0o755)
        self.ok(app.start(), "7 4\n")
        # In a copy all change times are new, and modification times are kept.
        now = os.stat(gen).st_mtime
        os.utime(app.members, (now - 100, now - 100))
        os.utime(os.path.join(app.code, "kept.py"), (now - 200, now - 200))
        self.ok(app.start(), "7 4\n")
        os.unlink(app.members)
        self.ok(app.start(), "7 4\n")

    def test_children_import_without_a_working_directory(self):
        program = (
            "import os, subprocess, sys, tempfile\n"
            "os.chdir(tempfile.mkdtemp())\n"
            "os.rmdir(os.getcwd())\n"
            "code = 'import pickle, one, pkg.sub.leaf; print(one.VALUE)'\n"
            "subprocess.run([sys.executable, '-c', code], check=True)\n"
        )
        self.ok(self.indexed(program).start(), "1\n")

    def test_a_module_that_is_reloaded_runs_its_new_source(self):
        app = self.indexed(
            "import importlib, one, pkg.inner\n"
            "for module, text in (one, 'VALUE = 7\\n'), (pkg.inner, 'VALUE = 8\\n'):\n"
            "    importlib.reload(module)\n"
            "    before = module.VALUE\n"
            "    with open(module.__file__, 'w') as file: file.write(text)\n"
            "    importlib.reload(module)\n"
            "    print(before, module.VALUE)\n"
        )
        self.ok(app.start(), "1 7\n2 8\n")

    def test_a_module_that_is_replaced_by_a_rename_runs_its_new_source(self):
        app = self.indexed(
            "import os, pkg\n"
            "place = os.path.dirname(pkg.__file__) + '/sub/'\n"
            "with open(place + 'new', 'w') as file: file.write('VALUE = 9\\n')\n"
            "os.rename(place + 'new', place + 'leaf.py')\n"
            "import pkg.sub.leaf\n"
            "print(pkg.sub.leaf.VALUE)\n"
        )
        self.ok(app.start(), "9\n")
        self.ok(app.python3("-c", "import pkg.sub.leaf as leaf; print(leaf.VALUE)"), "9\n")

    def test_what_a_program_puts_beside_is_found(self):
        self.same(
            self.indexed(
                "import importlib, os, pkg, space\n"
                "def put(path, text):\n"
                "    with open(path, 'w') as file: file.write(text)\n"
                "place = os.path.dirname(pkg.__file__)\n"
                "put(place + '/late.py', 'print(\"late\")')\n"
                "importlib.invalidate_caches()\n"
                "import pkg.late\n"
                "os.mkdir(place + '/made'); put(place + '/made/deep.py', 'print(\"deep\")')\n"
                "importlib.invalidate_caches()\n"
                "import pkg.made.deep\n"
                "put(list(space.__path__)[0] + '/other.py', 'print(\"other\")')\n"
                "importlib.invalidate_caches()\n"
                "import space.other\n"
                "for path in 'late.py', 'made/deep.py': os.remove(place + '/' + path)\n"
                "os.remove(list(space.__path__)[0] + '/other.py')\n"
                "import shutil; shutil.rmtree(place + '/made')\n"
            )
        )

    def test_what_was_put_there_by_an_earlier_run_is_found(self):
        app = self.indexed("import pkg.early; import pkg.inner; print(pkg.early.VALUE, pkg.inner.VALUE)")
        (app.packages / "pkg/early.py").write_text("VALUE = 'early'\n")
        self.ok(app.start(), "early 2\n")

    def test_what_may_not_be_read_is_not_said_to_be_missing(self):
        source = (
            "import os, sys\nimport one\n"
            "os.chmod(os.path.dirname(one.__file__), 0)\n"
            "if os.geteuid() == 0: os.seteuid(65534)\n"
            "for name in sys.argv[1:]:\n"
            "    try: __import__(name)\n"
            "    except (ImportError, PermissionError) as error: print(type(error).__name__, getattr(error, 'errno', None))\n"
        )
        indexed = self.indexed(source)
        searched = self.indexed(source)
        os.utime(searched.packages)
        for app in indexed, searched:
            self.addCleanup(app.packages.chmod, 0o755)
            self.ok(app.start("pkg.inner", "space.leaf"), "PermissionError 13\n" * 2)
            app.packages.chmod(0o755)
        self.ok(indexed.start("pkg", "nothing"), "PermissionError 13\nModuleNotFoundError None\n")

    def test_directories_of_earlier_launchers_are_unchanged_ones(self):
        app = self.indexed("import _pyship, one; print(bool(_pyship._packed.get(one.__file__)))")
        for directory, _, _ in os.walk(app.packages):
            os.utime(directory, (fakeapp.UNPACKED_TIMES[1],) * 2)
        self.ok(app.start(), "True\n")

    def test_what_was_taken_away_is_gone(self):
        app = self.indexed("import one\n")
        (app.packages / "one.py").unlink()
        for cached in (app.packages / "__pycache__").glob("one.*"):
            cached.unlink()
        self.same(app)

    def test_bytecode_that_is_missing_or_of_another_size_is_made_up_for(self):
        app = self.indexed("import one, pkg.inner; print(one.VALUE, pkg.inner.VALUE)")
        for cached in (app.packages / "__pycache__").glob("one.*"):
            cached.unlink()
        for cached in (app.packages / "pkg/__pycache__").glob("inner.*"):
            cached.write_bytes(b"")
        done = app.start(env={"PYTHONDONTWRITEBYTECODE": "1"})
        self.ok(done, "1 2\n")

    def test_reload_and_a_second_copy(self):
        self.same(
            self.indexed(
                "import importlib, sys, pkg.inner\n"
                "pkg.inner.VALUE = 0\n"
                "print(importlib.reload(pkg.inner).VALUE, importlib.reload(pkg) is pkg)\n"
                "spec = importlib.util.find_spec('one')\n"
                "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)\n"
                "print(module.VALUE, 'one' in sys.modules, spec.loader.get_source('one'), spec.loader.is_package('one'))\n"
                "print(spec.loader.get_code('one').co_filename, spec.loader.get_filename('one'))\n"
                "sys.path_importer_cache.clear()\n"
                "import space.deeper.leaf; print(space.deeper.leaf.VALUE)\n"
            )
        )

    def test_a_path_of_the_program_comes_first(self):
        self.same(
            self.indexed(
                "import os, sys, tempfile\n"
                "with tempfile.TemporaryDirectory() as place:\n"
                "    with open(place + '/one.py', 'w') as file: file.write('VALUE = 100')\n"
                "    sys.path.insert(0, place)\n"
                "    import one\n"
                "    print(one.VALUE)\n"
            )
        )

    def test_the_collector_is_as_it_was(self):
        packages = {
            **PACKAGES,
            "sets.py": "import gc\ngc.set_threshold(123, 4, 5)\n",
            "sets_one.py": "import gc\ngc.set_threshold(321)\n",
            "looks.py": "import gc\nOLD = gc.get_threshold()[1:]\n",
        }
        source = (
            "import gc\nbefore = gc.get_threshold()\nimport pkg.sub.leaf, looks\n"
            "print(gc.get_threshold() == before, looks.OLD == before[1:], gc.isenabled(), gc.callbacks)\n"
            "try:\n    import raises\nexcept ZeroDivisionError:\n    print(gc.get_threshold() == before)\n"
            "import sets_one; print(gc.get_threshold()[0], gc.get_threshold()[1:] == before[1:])\n"
            "import sets; print(gc.get_threshold(), gc.callbacks)\n"
        )
        self.same(self.indexed(source, packages=packages))

    def test_the_collector_works_where_an_import_does_the_work(self):
        packages = {
            **PACKAGES,
            "works.py": "import gc, weakref\n"
            "class Node: pass\n"
            "def rest():\n"
            "    for number in range(250_000):\n"
            "        node = Node(); node.self = node\n"
            "        if not number: first = weakref.ref(node)\n"
            "    return first() is None, gc.get_count()[0] < 100_000, gc.get_threshold()\n"
            "GONE = rest()\n",
        }
        self.same(self.indexed("import works, gc; print(works.GONE, gc.get_threshold())", packages=packages))

    def test_what_a_program_freezes_stays_frozen(self):
        source = "import gc\ngc.freeze()\ncount = gc.get_freeze_count()\nimport pkg.sub.leaf\n"
        self.ok(self.indexed(source + "print(gc.get_freeze_count() > count / 2)").start(), "True\n")

    def test_garbage_of_imports_is_collected(self):
        packages = {**PACKAGES, "wastes.py": "class Node: pass\nnode = Node(); node.self = node\n"}
        source = "import gc, weakref, wastes, one\nseen = weakref.ref(wastes.node); del wastes.node\n"
        self.same(self.indexed(source + "print(seen() is None); gc.collect(); print(seen() is None)", packages=packages))

    def test_garbage_of_imports_ends_while_modules_are_whole(self):
        packages = {
            **PACKAGES,
            "wastes.py": "class Node:\n"
            "    def __init__(self): self.me = self\n"
            "    def __del__(self):\n        import textwrap; print('gone', textwrap.dedent(' x'))\n"
            "node = Node()\n",
        }
        self.same(self.indexed("import wastes, one\ndel wastes.node\n", packages=packages))

    def test_options_and_variables_that_change_where_bytecode_is(self):
        source = "import one, sys; print(one.VALUE, one.__spec__.cached)\n"
        app = self.indexed(source)
        for options in (["-O"], ["-v"], ["--check-hash-based-pycs", "always"]):
            done = app.start(options=options, env={"PYTHONDONTWRITEBYTECODE": "1"})
            self.assertEqual((done.returncode, done.out[:2]), (0, "1 "), done.err)
        app = self.indexed("import sys; sys.pycache_prefix = '/nonexistent'; sys.dont_write_bytecode = True\n" + source)
        self.assertTrue(self.ok(app.start()).startswith("1 "))

    def test_optimized_starts_write_nothing_into_what_was_unpacked(self):
        source = "import one, pkg.sub.leaf, space.deeper.leaf, beside; assert False; print(pkg.sub.leaf.VALUE)"
        app = self.indexed(source, code={"main.py": source, "beside.py": ""})
        before = sorted(app.layers.rglob("*"))
        for options in (["-O"], ["-OO"]):
            self.ok(app.start(options=options), "3\n")
        self.ok(app.start(env={"PYTHONOPTIMIZE": "1", "PATH": "/usr/bin"}), "3\n")
        self.ok(app.python3("-O", "-c", source.replace(", beside", "")), "3\n")
        self.assertEqual(sorted(app.layers.rglob("*")), before)

    def test_bytecode_that_is_gone_is_not_put_back(self):
        app = self.indexed("import one; print(one.VALUE)")
        for cached in (app.packages / "__pycache__").glob("one.*"):
            cached.unlink()
        before = sorted(app.layers.rglob("*"))
        self.ok(app.start(), "1\n")
        self.assertEqual(sorted(app.layers.rglob("*")), before)

    def test_it_can_be_turned_off(self):
        source = "import sys, one\nprint({type(one).__name__ for one in sys.path_importer_cache.values()}, one.__loader__)"
        app = self.app(source, packages=PACKAGES, indexed=True, index_imports=False)
        self.assertNotIn("_Finder", self.ok(app.start()))

    def test_children_use_it_too(self):
        app = self.indexed("")
        done = app.python3("-c", "import _pyship, pkg.sub.leaf; print(bool(_pyship._packed[pkg.sub.leaf.__file__]))")
        self.ok(done, "True\n")

    def test_lazy_imports(self):
        script = (
            "lazy import pkg.sub.leaf\nlazy from space.deeper import leaf\nlazy import pkg.nothing as nothing\nimport sys\n"
            "print('pkg' in sys.modules, 'space' in sys.modules)\n"
            "print(pkg.sub.leaf.VALUE, leaf.VALUE, 'pkg.sub' in sys.modules, type(leaf.__loader__))\nnothing\n"
        )
        if self.python.version >= (3, 15):
            self.assertRegex(self.same(self.indexed(script)).out, "^False False\n3 5 True ")

    def test_a_loader_that_builds_on_the_interpreters_is_left_alone(self):
        script = (
            "import importlib.machinery as machinery, importlib.util as util, one\n"
            "class Mine(machinery.SourceFileLoader):\n"
            "    def source_to_code(self, data, path, **more): return compile('VALUE = 9', path, 'exec')\n"
            "    def get_code(self, name): return self.source_to_code(b'', self.path)\n"
            "for loader in Mine('one', one.__file__), machinery.SourceFileLoader('one', one.__file__):\n"
            "    spec = util.spec_from_file_location('one', one.__file__, loader=loader)\n"
            "    module = util.module_from_spec(spec); spec.loader.exec_module(module); print(module.VALUE)\n"
        )
        self.assertEqual(self.same(self.indexed(script)).out, "9\n1\n")

    def test_methods_of_loaders_that_a_program_replaces(self):
        script = (
            "import importlib.machinery as machinery, _frozen_importlib_external as external\n"
            "def get_code(self, name): return compile(f'VALUE = {name!r}', '', 'exec')\n"
            "external.SourceLoader.exec_module = lambda self, module: module.__dict__.update(VALUE=7)\n"
            "import one; print(one.VALUE)\n"
            "del external.SourceLoader.exec_module\n"
            "import pkg.sub.leaf; print(pkg.sub.leaf.VALUE)\n"
            "machinery.SourceFileLoader.get_code = get_code\n"
            "import space.leaf; print(space.leaf.VALUE, sorted(vars(machinery.SourceFileLoader)))\n"
        )
        self.assertRegex(self.same(self.indexed(script)).out, "^7\n3\nspace.leaf ")

    def test_threads_that_import_at_once(self):
        self.same(
            self.indexed(
                "import gc, threading\nbefore = gc.get_threshold()\n"
                "names = ['json', 'email.mime.text', 'pkg.sub.leaf', 'one', 'space.deeper.leaf', 'xml.dom.minidom']\n"
                "threads = [threading.Thread(target=__import__, args=(name,)) for name in names * 3]\n"
                "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
                "import sys; print(all(name in sys.modules for name in names))\n"
            )
        )
