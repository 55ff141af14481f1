"""One entry: the program in a virtual environment, then packed from that environment, in roots that hold nothing.

Everywhere it gets an empty environment but for the entry's variables (and a PATH in the virtual environment). The roots
have /proc, /dev and an empty /tmp, and no network but their own loopback, unless the entry talks to a service. Standard
output and the exit code are compared.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from .entries import ROOTS, distribution
from .paths import TOOLS, pyship, test_cache
from .services import service

# Seconds for one step; downloads of half a gigabyte are among them.
LIMIT = 420
# Lines of a failed step that are worth keeping.
TAIL = 12


class Failed(Exception):
    """A step that did not work, in one line."""


class Trial:
    """Runs one entry; everything but downloads is removed afterwards."""

    def __init__(self, entry, python):
        self.entry, self.python = entry, python
        self.home = test_cache() / "packages"
        self.place = self.home / "work" / f"{entry.name}-{os.getpid()}"
        self.venv, self.main, self.file = self.place / "venv", self.place / "app/main.py", self.place / "app.bin"

    def run(self):
        """What was found, as the results file holds it."""
        found = {"python": "%d.%d" % self.python.version, "requires": self.entry.requires}
        began = time.monotonic()
        try:
            shutil.rmtree(self.place, ignore_errors=True)
            self._make(found)
            with service(self.entry.service, self.place) as variables:
                self._compare(found, {**self.entry.environment, **variables})
        except (Failed, OSError) as failure:
            found["failed"] = str(failure)
        finally:
            shutil.rmtree(self.place, ignore_errors=True)
        found["seconds"] = round(time.monotonic() - began)
        found["verdict"] = verdict(self.entry, found)
        return found

    def _make(self, found):
        missing = [name for name in self.entry.apt if not installed(name)]
        if missing:
            raise Failed(f"this machine lacks Debian's {' '.join(missing)}")
        self.main.parent.mkdir(parents=True)
        (self.place / "cwd").mkdir()
        self.main.write_text(self.entry.program)
        self._step("uv", "venv", "--quiet", "--python", self.python.path, self.venv)
        self._step("uv", "pip", "install", "--quiet", "--python", self.venv, *self.entry.requires)
        frozen = self._step("uv", "pip", "freeze", "--quiet", "--python", self.venv).decode()
        versions = dict(line.split("==") for line in frozen.splitlines() if "==" in line)
        found["version"] = versions.get(distribution(self.entry.requires[0]), "")

    def _compare(self, found, variables):
        path = "/usr/local/bin:/usr/bin:/bin"
        plain = self._ran([self.venv / "bin/python3", self.main], {"PATH": path, **variables})
        found["venv"] = "ok"
        if plain.code != 0 or not plain.out:
            found["venv"] = f"{plain.ended}: {plain.last}" if plain.code else "it prints nothing"
            found["stderr"] = plain.tail
            raise Failed(f"the program fails in the virtual environment: {found['venv']}")
        packed = self._step(
            pyship(), "pack", self.main, "--venv", self.venv, "-o", self.file, "--python", self.python.path,
            "--level", "1", "--no-check", "--json", "--build-cache", self.home / "build", *self.entry.pack,
        )
        report = json.loads(packed)
        found["size"] = report["size"]
        # What needs a missing library may be a list of a hundred files.
        found["warnings"] = [warning.partition(", needed by ")[0] for warning in report["warnings"]]
        shutil.rmtree(self.venv)
        for root in ROOTS:
            there = self._ran(self._in_root(root, variables), None)
            found[root] = difference(plain, there)
            if found[root] != "ok":
                found[f"{root} stderr"] = there.tail
                found[f"{root} as expected"] = bool(self.entry.error) and self.entry.error in there.err

    def _in_root(self, root, variables):
        command = [TOOLS / "in-root", root, "--tmpfs", "--cwd", "/tmp", "--bind", f"{self.file}:/app.bin:ro"]
        if not self.entry.service:
            command.append("--no-net")
        for name, value in variables.items():
            command += ["--env", f"{name}={value}"]
        return [*command, "--", "/app.bin"]

    def _step(self, *command):
        """Runs a program of ours; its standard output, if it worked."""
        environment = {**os.environ, "UV_CACHE_DIR": str(self.home / "uv")}
        done = self._ran(list(command), environment)
        if done.code != 0:
            line = next((line for line in done.tail if line.startswith("error: ")), done.last)
            raise Failed(f"{Path(command[0]).name} {command[1]}: {done.ended}: {line}")
        return done.out

    def _ran(self, command, environment):
        """Runs a program to its end; children that it leaves behind are ended too."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(
                command, env=environment, cwd=self.place / "cwd", stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True,
            )
            code = None
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(LIMIT)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            out.seek(0)
            err.seek(0)
            return Run(code, out.read(), err.read())


class Run:
    """What a program did."""

    def __init__(self, code, out, err):
        self.code, self.out = code, out
        self.err = err.decode(errors="replace")
        self.tail = [line for line in self.err.split("\n") if line.strip()][-TAIL:]

    @property
    def last(self):
        return self.tail[-1].strip() if self.tail else "nothing on standard error"

    @property
    def ended(self):
        if self.code is None:
            return f"no end within {LIMIT} s"
        return f"exit code {self.code}" if self.code >= 0 else f"killed by {signal.Signals(-self.code).name}"


def difference(plain, there):
    """One line about how a run in a root is not the one in the virtual environment."""
    if there.code != plain.code:
        return f"{there.ended}: {there.last}"
    if there.out != plain.out:
        ours, theirs = there.out.decode(errors="replace").splitlines(), plain.out.decode(errors="replace").splitlines()
        for index in range(max(len(ours), len(theirs))):
            if ours[index : index + 1] != theirs[index : index + 1]:
                shown = [repr(lines[index]) if index < len(lines) else "nothing" for lines in (ours, theirs)]
                return f"line {index + 1} of the output is {shown[0]} instead of {shown[1]}"
        return "the output differs in line ends"
    return "ok"


def verdict(entry, found):
    """`ok`, `known`: it fails as its entry says, or what is wrong."""
    if "failed" in found:
        return found["failed"]
    wrong = []
    for root in ROOTS:
        expected = entry.fails and root in entry.fails_in
        if not expected and found[root] != "ok":
            wrong.append(f"{root}: {found[root]}")
        elif expected and found[root] == "ok":
            wrong.append(f"{root}: works, although the entry says that it fails")
        elif expected and not found[f"{root} as expected"]:
            wrong.append(f"{root}: {found[root]}; the entry expects {entry.error!r}")
    return "; ".join(wrong) or ("known" if entry.fails else "ok")


def installed(package):
    """Whether Debian's package is there."""
    state = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", package], capture_output=True, text=True).stdout
    return state == "install ok installed"
