"""What a run is told: its options, the interpreter of all contestants, the environments they run in."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from . import meaning
from .apps import ABOUT
from .paths import CACHE
from .running import Failed, note, step

DESCRIPTION = """\
Compares packed files with the ways in which people do without them, and prints a table of ratios.

Everything is made from one interpreter and one set of pinned packages: the packed file, the virtual environment, the
peers' files (PyInstaller, Nuitka, pex, shiv, PyApp). Commands that are compared run in turn, never in blocks, so that
a busy moment of the machine meets all. Durations are wall-clock times of whole processes, from spawn to exit. Spread is
(p90 - p10) / median. The ratio is pyship's median over the other's: below 1, pyship takes less.
"""

EPILOG = """\
what is measured, what each compares, and how it is checked that both do the same:

{measures}

apps:

{apps}

A run takes about {minutes} on an idle machine with 2 cores once everything is cached (environments, peers' files, the
1 GB package); the first one takes about half an hour more, most of it for peers' builds. --quick takes a tenth.
Kept below {cache} (PYSHIP_TEST_CACHE changes where); nothing else stays.
"""


def parse(arguments=None):
    """The options, with everything that had to be looked up."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=DESCRIPTION,
        epilog=EPILOG.format(
            measures=meaning.listed(),
            apps="\n".join(f"  {name:<8} {what}" for name, what in ABOUT.items()),
            minutes="20 minutes",
            cache="~/.cache/pyship-tests/bench",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_argument_group("what is measured")
    what.add_argument("--apps", help=f"some of {','.join(ABOUT)} [all; --quick: hello,web,sci]")
    what.add_argument("--all", action="store_true", help="peers everywhere, large apps packed smallest too; an hour")
    what.add_argument("--quick", action="store_true", help="few runs, no smallest file, no peers unless they are named")
    what.add_argument("--peers", metavar="NAMES", help="some of pyinstaller,nuitka,pex,shiv,pyapp; empty: none [all]")
    what.add_argument("--against", metavar="REV", help="compare this tree's pyship with that of another commit instead")
    what.add_argument("--runs", type=int, help="rounds of a warm comparison; cold ones take a third [40, quick 10]")
    what.add_argument("--large-mb", type=int, default=1000, metavar="N", help="size of the made-up package [1000]")
    shown = parser.add_argument_group("what is printed")
    shown.add_argument("--json", action="store_true", help="print JSON: everything, times in seconds, sizes in bytes")
    shown.add_argument("--save", type=Path, metavar="FILE", help="write that JSON to a file too")
    shown.add_argument("--chart", type=Path, metavar="FILE.svg", help="draw warm start, first start and size")
    shown.add_argument("--from", type=Path, dest="saved", metavar="FILE", help="show what --save wrote")
    how = parser.add_argument_group("with what")
    how.add_argument("--python", help="the interpreter for all [python3.12, also pyenv's, else python3]")
    how.add_argument("--pyship", type=Path, help="[target/release/pyship, built if need be]")
    how.add_argument("--installer", choices=("uv", "pip"), default="uv", help="what pyship installs packages with [uv]")
    how.add_argument("--tmpfs", default="/dev/shm", help="a directory on tmpfs [/dev/shm]; empty: leave out")
    how.add_argument("--disk", default="/var/tmp", help="a directory on a disk [/var/tmp]; empty: leave out")
    how.add_argument("--refresh", action="store_true", help="make environments, tools and peers' files anew")
    how.add_argument("--rebuild", action="store_true", help="only peers' files, as after a busy machine")
    options = parser.parse_args(arguments)
    problem = complete(options)
    if problem:
        parser.error(problem)
    return options


def complete(options):
    """Fills in what depends on other options; gives what is wrong with them."""
    every = list(ABOUT)
    chosen = options.apps.split(",") if options.apps else every[:3] if options.quick and not options.all else every
    unknown = sorted(set(chosen) - set(every))
    if unknown:
        return f"no such app: {', '.join(unknown)}"
    options.rebuild |= options.refresh
    options.apps = [name for name in every if name in chosen]
    options.places = [(kind, path) for kind, path in (("tmpfs", options.tmpfs), ("disk", options.disk)) if path]
    if not options.places:
        return "--tmpfs and --disk are both empty: there is no place to measure in"
    options.work = options.disk or options.tmpfs
    options.runs = options.runs or (10 if options.quick else 40)
    if options.peers is None:
        options.peers = "" if options.quick else "pyinstaller,nuitka,pex,shiv,pyapp"
    options.peers = [name for name in options.peers.split(",") if name]
    return None


class Settings:
    """The options, and what was looked up for them once."""

    def __init__(self, options):
        self.__dict__.update(vars(options))
        CACHE.mkdir(parents=True, exist_ok=True)
        self.python, self.python_version = interpreter(options.python)
        self._path = os.environ.get("PATH", os.defpath)
        if self.installer == "uv":
            self._path = f"{self._uv()}:{self._path}" if not shutil.which("uv") else self._path
        elif shutil.which("uv"):
            note("uv is on PATH, so pyship takes it and not pip")
            self.installer = "uv"

    def tool_environment(self, **more):
        """For builds: the caller's, less what changes how Python works, and with the installer on PATH."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYSHIP", "PYAPP_"))}
        return {**kept, "PATH": self._path, **{key: str(value) for key, value in more.items()}}

    def start_environment(self, temporary, **more):
        """For what is measured: the same little for everybody. sh and env must be found; nobody's home is touched."""
        path = f"{Path(self.python).parent}:/usr/bin:/bin"
        return {"PATH": path, "HOME": str(temporary), "TMPDIR": str(temporary), **more}

    def _uv(self):
        """A directory that holds uv and nothing else, installed once."""
        place = CACHE / "tools" / "uv"
        alone = place / "alone"
        if not (alone / "uv").exists():
            step([sys.executable, "-m", "venv", place])
            step([place / "bin/python", "-m", "pip", "install", "-q", "uv"])
            alone.mkdir(exist_ok=True)
            (alone / "uv").symlink_to(place / "bin/uv")
        return alone


def interpreter(wanted):
    """The real path and version of the interpreter that is asked for, else of the first that can be had."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [wanted] if wanted else ["python3.12", *sorted(pyenv.glob("3.12.*/bin/python3.12")), "python3"]
    failures = []
    for candidate in candidates:
        # A shim stands for another program, or for none: the real one is measured.
        code = "import os, sys; print(os.path.realpath(sys.executable)); print(sys.version)"
        try:
            found = step([candidate, "-c", code]).splitlines()
            return found[0], found[1].split()[0]
        except Failed as failure:
            failures.append(str(failure).splitlines()[0])
    raise Failed("; ".join(failures))
