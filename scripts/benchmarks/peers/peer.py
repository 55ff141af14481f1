"""What every peer has in common: tools that are installed once, files that are built once, and the seconds it took.

A build is a measurement too, so its seconds are kept beside the file. A peer that can't be had is kept with its reason:
`Unavailable` is not an error of the benchmark, and never silent.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

from ..apps import environment
from ..running import Failed, note, timed_step
from ..paths import CACHE
from ..turns import Contestant


class Unavailable(Exception):
    """A peer that cannot be had here; the text is the reason."""


class Peer:
    """One peer. A class gives the names below, `build`, and `version` when it isn't a Python package."""

    name = None  # as it is shown
    distribution = None  # on the Python registry
    extras = ()  # what else its tool needs from there
    apps = ("hello", "web", "sci")  # for which it is built
    needs_python = False  # on the machine where its file runs
    keeps = None  # the variable that says where a first start leaves its files; None: every start is a first one
    how = ""  # the options that it is built with, for people

    def __init__(self, settings, pyship):
        self.settings, self.pyship = settings, pyship

    def slug(self):
        """Its name as part of a file's."""
        return self.name.lower().replace(" ", "").replace("--", "-")

    def built(self, app):
        """Where its file for an app is, and what is known of its build; builds it when it isn't there."""
        try:
            version = self.version()
            key = hashlib.sha256(f"{self.how} {version} {app.digest()} {self.made_of(app)}".encode()).hexdigest()[:16]
            place = CACHE / "peers" / f"{self.slug()}-{app.name}-{key}"
            stamp = place / "built.json"
            if not stamp.exists() or self.settings.rebuild:
                note(f"{app.name}: building with {self.name} {version}")
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir(parents=True)
                load = os.getloadavg()[0]
                file, seconds = self.build(app, place)
                found = {"version": version, "how": self.how, "seconds": seconds, "load": load}
                found.update(file=str(file), size=file.stat().st_size)
                stamp.write_text(json.dumps(found))
            return json.loads(stamp.read_text())
        except (Failed, OSError) as failure:
            raise Unavailable(str(failure)) from failure

    def version(self):
        """What its tool calls itself."""
        for line in self.tool()["freeze"].splitlines():
            name, _, version = line.partition("==")
            if name.lower() == self.distribution:
                return version
        raise Unavailable(f"{self.distribution} is not among what was installed")

    def made_of(self, _app):
        """What its file is made from besides the app and its packages."""
        return ""

    def build(self, app, place):
        """Makes its file below `place`; gives it and the seconds that took."""
        raise NotImplementedError

    def tool(self, app=None):
        """The environment its tool is installed in, with an app's packages where the tool wants them beside it."""
        wanted = [self.distribution, *self.extras]
        name = f"{self.distribution}-{self.settings.python_version}"
        if app and app.requirements:
            wanted += app.packages()
            name = f"{self.distribution}-{app.name}-{app.digest()}"
        return environment(CACHE / "tools" / name, self.settings, wanted)

    def python(self, app=None):
        """The interpreter beside which its tool is installed."""
        return Path(self.tool(app)["place"]) / "bin/python"

    def timed(self, words, **more):
        """Runs its tool; gives the seconds it took."""
        return timed_step(words, env=self.settings.tool_environment(**more))

    def starts(self, file, place, seconds):
        """Two contestants below a directory of its own: a first start, and every later one."""
        place.mkdir()
        bundle = place / Path(file).name
        shutil.copy(file, bundle)
        kept, fresh, temporary = place / "kept", place / "fresh", place / "tmp"
        temporary.mkdir()

        def contestant(name, root, fresh=None):
            env = self.settings.start_environment(temporary)
            if self.keeps:
                env[self.keeps] = str(root)
            return Contestant(name, [bundle], env, fresh, seconds)

        first = contestant(self.name, fresh, fresh if self.keeps else None)
        return first, contestant(self.name, kept)

