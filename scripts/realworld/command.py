"""The options, the runs side by side, and what is printed of them."""

import argparse
import concurrent.futures
import datetime
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from .entries import ROOTS, Wrong, dozen, read
from .paths import ENTRIES, REPOSITORY, SEEN, TOOLS, pyship, test_cache
from .table import table
from .trial import Trial

PYTHON = (3, 12)


def main():
    """Runs what was chosen; 1 when anything differs from what its entry says."""
    options = parse()
    try:
        entries = read()
        if options.table:
            print(table(entries, json.loads(options.table.read_text())), end="")
            return
        names = chosen(entries, options)
    except Wrong as error:
        sys.exit(f"packages: {error}")
    if options.list:
        print(*names, sep="\n")
        return
    sys.exit(1 if run([entries[name] for name in names], options) else 0)


def parse():
    parser = argparse.ArgumentParser(
        prog="packages",
        description="Runs the programs of tests/packages.toml in a virtual environment and, packed from it, in an empty "
        "root and in one with musl; compares output and exit codes.",
        epilog="PYSHIP_BIN is the pyship that packs, else target/release/pyship. Downloads are kept in "
        "$PYSHIP_TEST_CACHE/packages. Needs uv and a CPython, of which 3.12 is preferred.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="packages of tests/packages.toml [all]")
    parser.add_argument("--dozen", nargs="?", const=str(today()), metavar="DATE", help="the twelve of that day [today]")
    parser.add_argument("--light", action="store_true", help="all that the dozens choose from")
    parser.add_argument("--list", action="store_true", help="print the names of what would run")
    parser.add_argument("--json", action="store_true", help="print the results as JSON, and the lines to standard error")
    parser.add_argument("--save", type=Path, metavar="FILE", help="add the results to a JSON file as they are found")
    parser.add_argument("--table", type=Path, metavar="FILE", help="print docs/packages.md from such a file; run nothing")
    parser.add_argument("-j", type=int, default=os.cpu_count(), metavar="N", help="packages at a time [one a core]")
    return parser.parse_args()


def today():
    return datetime.datetime.now(datetime.timezone.utc).date()


def chosen(entries, options):
    unknown = set(options.names) - entries.keys()
    if unknown:
        raise Wrong(f"`{ENTRIES}` has no {', '.join(sorted(unknown))}")
    if options.names:
        return options.names
    if options.dozen:
        return dozen(entries, options.dozen, json.loads(SEEN.read_text()))
    return [name for name, entry in entries.items() if entry.everyday or not options.light]


def run(entries, options):
    """Runs the entries side by side; how many are wrong."""
    python = interpreter()
    if not pyship().is_file():
        sys.exit(f"packages: `{pyship()}` is not there: build it, or set PYSHIP_BIN")
    # Made now, so that no two trials make the same one.
    (test_cache() / "packages").mkdir(parents=True, exist_ok=True)
    for root in ROOTS:
        if subprocess.run([TOOLS / "make-root", root], stdout=subprocess.DEVNULL).returncode:
            sys.exit(f"packages: failed to make the root `{root}`")
    began, results, wrong = time.monotonic(), {}, 0
    out = sys.stderr if options.json else sys.stdout
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        tasks = {pool.submit(Trial(entry, python).run): entry for entry in entries}
        for task in concurrent.futures.as_completed(tasks):
            entry, found = tasks[task], task.result()
            results[entry.name] = found
            wrong += found["verdict"] not in ("ok", "known")
            print(line(entry, found), file=out, flush=True)
            if options.save:
                save(options.save, entry.name, found)
    print(f"{len(results)} packages, {wrong} wrong, {time.monotonic() - began:.0f} s", file=out)
    if options.json:
        print(json.dumps(results, indent=1))
    return wrong


def line(entry, found):
    verdict = found["verdict"]
    word, more = {"ok": ("ok", ""), "known": ("known", f": {entry.fails}")}.get(verdict, ("WRONG", f": {verdict}"))
    return f"{word:6} {entry.name} ({found['seconds']} s){more}"


def save(path, name, found):
    everything = json.loads(path.read_text()) if path.exists() else {}
    everything[name] = found
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(json.dumps(dict(sorted(everything.items())), indent=1) + "\n")
    os.replace(fresh, path)


def interpreter():
    """The CPython that everything is tried with: 3.12, else the newest at hand."""
    sys.path.insert(0, str(REPOSITORY / "tests/start"))
    from fakeapp import interpreters

    found = interpreters()
    if not found:
        sys.exit("packages: failed to find a CPython")
    return next((each for each in found if each.version == PYTHON), found[-1])
