#!/usr/bin/env python3
"""Runs small odd programs in a virtual environment and as packed files, and compares all that can be seen of them.

    tests/beside/run.py                     on Python 3.12, else the newest at hand
    tests/beside/run.py 3.9 3.12 -k restart   on these, the programs whose names match a pattern
    tests/beside/run.py --show -k restart   prints what the programs write in the virtual environment

Exit code, standard output and standard error are compared; only paths, addresses and the like are replaced first
(`outcome.py`, `peers.py`). A difference that isn't in exceptions.txt fails the run, and so does one in there that is no
more. programs.py says what a program's header holds. Needs target/release/pyship, or PYSHIP_BIN, and uv; packages come
from PyPI when an environment is first made, into `$PYSHIP_TEST_CACHE/beside`.

A Python that only another root directory has is tried there: mount the repository and PYSHIP_TEST_CACHE into it
(`unshare --mount`, `mount --bind`) and run this file by `chroot`, with `uv` on its PATH.
"""

import argparse
import concurrent.futures
import os
import shutil
import signal
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "start"))

import exceptions
import programs
from fakeapp import interpreters
from peers import Peers


def main():
    options = arguments()
    # A shell leaves it ignored for what it starts in the background; programs here are interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.umask(0o022)
    failed = False
    for python in chosen(options.pythons):
        failed |= not prove(python, options)
    sys.exit(failed)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="*", help="3.12, or all")
    parser.add_argument("-k", default="", metavar="PATTERN", help="a regular expression for KIND/NAME")
    parser.add_argument("-j", type=int, default=os.cpu_count(), metavar="N", help="programs at a time")
    parser.add_argument("--times", action="store_true", help="print how long each program took")
    parser.add_argument("--show", action="store_true", help="print what the programs write, too")
    return parser.parse_args()


def chosen(names):
    found = interpreters()
    if not names:
        return [each for each in found if each.version == (3, 12)][:1] or found[-1:]
    wanted = [each for each in found if "%d.%d" % each.version in names or "all" in names]
    missing = set(names) - {"%d.%d" % each.version for each in wanted} - {"all"}
    if missing or not wanted:
        sys.exit(f"failed to find CPython {', '.join(sorted(missing))}")
    return wanted


def prove(python, options):
    print(f"CPython {python}", flush=True)
    started = time.monotonic()
    pyship = Path(os.environ.get("PYSHIP_BIN") or HERE.parents[1] / "target/release/pyship").resolve()
    corpus = [each for each in programs.read() if exceptions.in_range(python.version, each.pythons)]
    peers = Peers(python, pyship, test_cache() / "beside" / python.full, corpus)
    wanted = {each.id for each in programs.read(options.k)}
    tasks = [(each, kind) for each in corpus if each.id in wanted for kind in each.kinds]
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        running = [(program, kind, pool.submit(peers.compare, program, kind)) for program, kind in tasks]
        wrong = judge(python, peers, running, options.show)
    if options.times:
        for seconds, name in sorted(peers.times, reverse=True)[:20]:
            print(f"{seconds:6.1f} s  {name}")
    shutil.rmtree(peers.root / "runs", ignore_errors=True)
    count = len({program.id for program, _ in tasks})
    print(f"{count} programs, {len(tasks)} ways to start them, {wrong} wrong, {time.monotonic() - started:.0f} s", flush=True)
    return not wrong


def judge(python, peers, running, show):
    """Prints what is wrong as it is found; returns how many are."""
    entries = exceptions.read()
    wrong = 0
    for program, kind, task in running:
        try:
            found, plain = task.result()
        except RuntimeError as error:
            wrong += 1
            print(f"  {program.id} {kind}: {error}", flush=True)
            continue
        if show:
            print(f"--- {program.id} {kind}", *plain, sep="\n  ")
        if any(line.startswith("exit code none") for line in plain):
            wrong += 1
            print(f"  {program.id} {kind}: does not end in the virtual environment either", *plain, sep="\n      ", flush=True)
            continue
        known = [entry for entry in entries if entry.concerns(python.version, program.id, kind)]
        if known and any(entry.covers(found) for entry in known):
            continue
        if not found and all(entry.sometimes for entry in known):
            continue
        again, plain = peers.compare(program, kind)
        if (not again and not known) or any(entry.covers(again) for entry in known):
            print(f"  differed once, and not when it was repeated: {program.id} {kind}", *found, sep="\n      ")
            continue
        wrong += 1
        reason = "differs" if again else f"does not differ any more ({known[0]})"
        print(f"  {program.id} {kind}: {reason}", *again, sep="\n      ", flush=True)
    return wrong


def test_cache():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ["HOME"], ".cache")
    return Path(os.environ.get("PYSHIP_TEST_CACHE") or os.path.join(cache, "pyship-tests"))


if __name__ == "__main__":
    main()
