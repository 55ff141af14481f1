"""A packed file with CPython's tests in it, and its peer: a virtual environment of the same interpreter."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
APP = HERE / "app"
# What the tests look for, of the groups that are left out by default.
KEEP = [f"--keep={group}" for group in ("tests", "ensurepip", "headers", "tk", "idle", "turtledemo")]


class Peers:
    """Both, made in `$PYSHIP_TEST_CACHE/cpython/<version>`, or left there by an earlier run of the same pyship."""

    def __init__(self, python, pyship, options):
        self.python = python
        self.root = test_cache() / "cpython" / python.full
        self.packed = self.root / "cpython.bin"
        self.cache = self.root / "cache"
        made = digest(pyship, APP / "main.py", python.path, " ".join(KEEP + options))
        stamp = self.root / "made"
        # The tests write beside it.
        self.main = self.root / "main/main.py"
        if not stamp.exists() or stamp.read_text() != made:
            shutil.rmtree(self.root, ignore_errors=True)
            self.root.mkdir(parents=True)
            self._make(pyship, options)
            stamp.write_text(made)

    def _make(self, pyship, options):
        shutil.copytree(APP, self.main.parent)
        call(self.python.path, "-I", "-m", "venv", "--without-pip", self.root / "venv")
        call(
            *(pyship, "pack", APP, "--python", self.python.path, "-o", self.packed, "--level", "1"),
            *("--no-build-cache", "--quiet", *KEEP, *options),
        )
        # The first start unpacks.
        call(self.packed, env={**self.environment(), "PYSHIP": "where"}, stdout=subprocess.DEVNULL)

    def commands(self):
        """By its name: a way to start `main.py`, what it needs in the environment, and how `main.py` is named."""
        main = [str(self.main)]
        environment = self.environment()
        return {
            "base": ([self.python.path], environment, main),
            "venv": ([str(self.root / "venv/bin/python3")], environment, main),
            "app": ([str(self.packed)], environment, []),
            "python": ([str(self.packed)], {**environment, "PYSHIP": "python"}, main),
        }

    def environment(self):
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYSHIP_CACHE_DIR": str(self.cache)}

    def unpacked(self):
        """Every file below the cache with its size and time, which no test may change."""
        found = {}
        for directory, _, files in os.walk(self.cache / "v1/layers"):
            for name in files:
                path = os.path.join(directory, name)
                seen = os.lstat(path)
                found[os.path.relpath(path, self.cache)] = (seen.st_size, seen.st_mtime_ns)
        return found

    def has(self, module):
        """Whether this Python has the test module `test.test_x`, of which a part may be named."""
        place = Path(self.python.base, self.python.stdlib, *module.split(".")[:2])
        return place.is_dir() or place.with_suffix(".py").is_file()


def test_cache():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ["HOME"], ".cache")
    return Path(os.environ.get("PYSHIP_TEST_CACHE") or os.path.join(cache, "pyship-tests"))


def digest(*parts):
    whole = hashlib.sha256()
    for part in parts:
        whole.update(Path(part).read_bytes() if os.path.isfile(part) else str(part).encode())
    return whole.hexdigest()


def call(*command, **how):
    subprocess.run([os.fspath(part) for part in command], check=True, **how)
