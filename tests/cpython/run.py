"""Runs CPython's own tests in a virtual environment and in a packed file, and compares each test's outcome.

    python3 tests/cpython/run.py                       what CI runs: the usual Python, imports and start-up
    python3 tests/cpython/run.py --python all --more   every Python at hand that has its tests, and more modules
    python3 tests/cpython/run.py --python 3.13 --modes python test_runpy test_importlib.test_abc

A packed file promises to behave like a virtual environment. Each difference that remains is in exceptions.txt with its
reason; one that isn't, or one in there that no longer is, fails the run. `app` is the tests run by a packed app, `python`
by the file's interpreter (PYSHIP=python). Needs target/release/pyship, or PYSHIP_BIN.
"""

import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "start"))

import exceptions
import outcomes
from fakeapp import interpreters
from peers import Peers

# Imports, paths, start-up: what pyship has code of its own for. The longest first.
MODULES = """
    test_importlib test_import test_runpy test_site test_cmd_line_script test_cmd_line test_pkgutil test_pkg test_zipimport
    test_zipimport_support test_modulefinder test_inspect test_linecache test_traceback test_sys test_sysconfig
    test_warnings test_module test_frozen test_imp test_gc test_atexit test_py_compile test_reprlib
    test_multiprocessing_main_handling.SpawnCmdLineTest
""".split()
# What rests on it.
MORE = """
    test_venv test_compileall test_subprocess test_doctest test_unittest test_threadedtempfile test_source_encoding
    test_pyclbr test_pydoc test_codecs test_faulthandler test_embed test_tracemalloc test_audit test_utf8_mode
    test_c_locale_coercion test_locale test_os test_posix test_support test___all__ test_pickle test_finalization
    test_interpreters test__interpreters test__xxsubinterpreters test_trace test_sys_settrace test_pdb test_cprofile
    test_platform test_bdb test_ctypes test_sqlite3 test_getpath test_concurrent_futures test_regrtest test_module
    test_multiprocessing_main_handling test_multiprocessing_spawn test_builtin test_code test_code_module test_copyreg test_exceptions test_external_inspection
    test_file_eintr test_future test_future_stmt test_genericpath test_hash test_io test_lib2to3 test_modulefinder
    test_multiprocessing_forkserver test_pathlib test_readline test_script_helper test_shutil test_signal test_ssl test_threading
    test_tokenize test_weakref test_xxtestfuzz test_zipapp test_zipfile test_capi
""".split()
LIMIT = 300


def main():
    options = arguments()
    if options.list:
        print(*chosen(options.python), sep="\n")
        return
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        # As a shell leaves it for what it starts in the background; tests interrupt themselves.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    failed = False
    started = time.monotonic()
    for python in chosen(options.python):
        failed |= not prove(python, options)
    print(f"{time.monotonic() - started:.0f} seconds")
    sys.exit(failed)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default="usual", help="3.12, all, or usual: 3.12, else the newest")
    parser.add_argument("--modes", default="app,python", help="app, python; base: the peer's own base")
    parser.add_argument("--more", action="store_true", help="modules that only rest on imports and start-up, too")
    parser.add_argument("--pack", default="", help="more options for `pyship pack`")
    parser.add_argument("--list", action="store_true", help="the Pythons that would be used, and nothing else")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("-v", "--verbose", action="store_true", help="what failed, in words, and each module's time")
    parser.add_argument("modules", nargs="*", help="test_x, or a part of it such as test_importlib.test_abc")
    options = parser.parse_args()
    options.modes = options.modes.split(",")
    options.modules = options.modules or (MODULES + [name for name in MORE if options.more and name not in MODULES])
    return options


def chosen(which):
    """The interpreters that were asked for and have their tests."""
    found = [each for each in interpreters() if Path(each.base, each.stdlib, "test/test_importlib").is_dir()]
    if which == "usual":
        found = [each for each in found if each.version == (3, 12)][:1] or found[-1:]
    elif which != "all":
        found = [each for each in found if "%d.%d" % each.version in which.split(",")]
    if not found:
        sys.exit(f"failed to find a CPython ({which}) that has its tests (Debian's are in libpython3.X-testsuite)")
    return found


def prove(python, options):
    print(f"CPython {python}", flush=True)
    pyship = Path(os.environ.get("PYSHIP_BIN") or HERE.parents[1] / "target/release/pyship").resolve()
    peers = Peers(python, pyship, options.pack.split())
    before = peers.unpacked()
    right = has_equal_bytecode(peers, 1 if options.more else 5)
    modules = ["test." + name for name in options.modules if peers.has("test." + name)]
    wanted = [(mode, module) for module in modules for mode in ("venv", *options.modes)]
    done = run_all(peers, wanted, options.jobs)
    # What only differs now and then is looked at once more, with the machine to itself.
    again = [module for module in modules if any(differences(done, mode, module) for mode in options.modes)]
    repeated = run_all(peers, [(mode, module) for mode, module in wanted if module in again], 1)
    for mode in options.modes:
        right &= judge(python, mode, modules, done, repeated, options.verbose)
    changed = sorted(path for path, seen in peers.unpacked().items() if before.get(path) != seen)
    # `python -O` has no bytecode in a packed file and keeps what it makes, as everywhere.
    changed = [path for path in changed if not re.search(r"/__pycache__/[^/]+\.opt-\d\.pyc$", path)]
    for path in changed[:20]:
        print(f"  the unpacked tree was written to: {path}")
    return right and not changed


def has_equal_bytecode(peers, every):
    """Whether the file's bytecode of each such module is what the interpreter makes of its source."""
    [os_py] = peers.cache.glob(f"v1/layers/*/{peers.python.stdlib}/os.py")
    command = [peers.python.path, "-I", HERE / "bytecode.py", str(every), os_py.parent]
    return subprocess.run(command).returncode == 0


def run_all(peers, wanted, jobs):
    commands = peers.commands()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = {}
        for mode, module in wanted:
            command, environment, main = commands[mode]
            running[mode, module] = pool.submit(outcomes.run, module, command, environment, main, LIMIT)
        return {key: one.result() for key, one in running.items()}


def differences(done, mode, module):
    plain, packed = done["venv", module].tests, done[mode, module].tests
    return {
        test: (plain.get(test, "none"), packed.get(test, "none"))
        for test in sorted({*plain, *packed})
        if plain.get(test) != packed.get(test)
    }


def judge(python, mode, modules, done, repeated, verbose):
    """Says how the packed file did; False when something differs that isn't listed, or is listed and doesn't differ."""
    entries = exceptions.read()
    count, listed, wrong, unsteady, both = {}, 0, [], [], 0
    for module in modules:
        plain, packed = done["venv", module], done[mode, module]
        concerned = [entry for entry in entries if entry.concerns(python.version, mode, module)]
        for test, outcome in packed.tests.items():
            count[outcome] = count.get(outcome, 0) + 1
            both += outcome not in ("ok", "skip", "expected failure") and plain.tests.get(test) == outcome
        if verbose:
            print(f"  {module}: {len(packed.tests)} tests, {plain.seconds:.1f} and {packed.seconds:.1f} s")
            for test, outcome in packed.tests.items():
                if outcome in ("fail", "error", "crash") and plain.tests.get(test) == outcome:
                    print(f"    {outcome} in both: {test}: {packed.details[test].strip().splitlines()[-1:]}")
        found = differences(done, mode, module)
        for test, (before, now) in found.items():
            entry = next((entry for entry in concerned if entry.covers(test, before, now)), None)
            if entry is not None:
                entry.met = True
                listed += 1
            elif test not in differences(repeated, mode, module):
                unsteady.append(test)
            else:
                detail = (packed if now != "ok" else plain).details.get(test, "")
                wrong.append(f"{test}: {before} -> {now}\n{indented(detail)}")
        unusable = [test for test, outcome in packed.tests.items() if "_FailedTest" in test or outcome == "crash"]
        wrong += [f"{test}:\n{indented(packed.details[test])}" for test in unusable if test not in found]
        if not packed.tests:
            wrong.append(f"{module}: no tests")
        wrong += [
            f"{entry}: does not differ any more"
            for entry in concerned
            if not entry.met and not entry.sometimes
        ]
    total = ", ".join(f"{number} {outcome}" for outcome, number in sorted(count.items(), key=lambda item: -item[1]))
    print(f"{mode}: {sum(count.values())} tests of {len(modules)} modules: {total}")
    loaders = sorted({done[mode, module].loader for module in modules} - {""})
    print(f"  imported through {', '.join(loaders)}")
    print(f"  {listed} differ and are listed, {len(wrong)} are wrong, {both} fail in both")
    for test in unsteady:
        print(f"  differed once, and not when it was repeated: {test}")
    for line in wrong:
        print(f"  {line}")
    return not wrong


def indented(text):
    return "".join(f"      {line}\n" for line in text.strip().splitlines()[-25:])


if __name__ == "__main__":
    main()
