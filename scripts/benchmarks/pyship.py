"""The `pyship` command that is measured."""

import json
import resource
import shutil

from .running import measured_step, step


class Pyship:
    """One build of the command: its path, what it calls itself, what it can do."""

    def __init__(self, path, settings, name="pyship"):
        self.path, self.settings, self.name = path, settings, name
        self.help = step([path, "pack", "--help"])
        self.version = step([path, "--version"]).strip()

    def directory(self, work):
        """Where its files lie: below a directory of its own, so that two sides' files have the same names."""
        place = work / "".join(letter if letter.isalnum() else "-" for letter in self.name)
        place.mkdir(exist_ok=True)
        return place

    def smallest(self):
        """The arguments by which it packs smallest, and what to call that."""
        return ("--release",) if "--release" in self.help else ("--level", "19")

    def pack(self, app, output, build_cache, *arguments):
        """Packs an app; gives seconds and the largest resident set of any process of the pack in bytes."""
        # hello is a file, so that its directory's other files are no part of it.
        what = app.main if app.name == "hello" else app.source
        words = [self.path, "pack", what, "-o", output, "--python", self.settings.python, "-q", *app.packages()]
        if "--build-cache" in self.help:
            words += ["--build-cache", build_cache]
        return measured_step([*words, *arguments], self.settings.tool_environment())

    def inspect(self, file):
        """The manifest of a packed file."""
        return json.loads(step([self.path, "inspect", file, "--json"]))


def no_core_dumps():
    """A program that crashes is to fail at once, and not to fill the disk first."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forget(build_cache):
    """The next pack finds nothing of earlier ones."""
    shutil.rmtree(build_cache, ignore_errors=True)
