"""Two versions of pyship: the same apps packed with both, run in turn."""

import shutil
import tempfile
from pathlib import Path

from .apps import App
from .measures import counted, launcher, packing, unpacking
from .paths import CACHE, REPOSITORY
from .pyship import Pyship, forget
from .running import Failed, note, step
from .turns import Contestant, in_turn


def revision(name, settings):
    """The `pyship` of a commit, built once in a git worktree of its own; gives it."""
    commit = step(["git", "-C", REPOSITORY, "rev-parse", "--verify", f"{name}^{{commit}}"]).strip()
    place = CACHE / "revisions"
    binary = place / commit[:12]
    if not binary.exists():
        note(f"building {name} ({commit[:12]})")
        place.mkdir(parents=True, exist_ok=True)
        # The worktree goes when it is built; what cargo made of the dependencies stays, for the next revision.
        with tempfile.TemporaryDirectory(prefix="source-", dir=place) as source:
            step(["git", "-C", REPOSITORY, "worktree", "add", "--detach", "--force", source, commit])
            try:
                target = place / "target"
                environment = settings.tool_environment(CARGO_TARGET_DIR=target)
                step(["cargo", "build", "--release", "--locked", "--bin", "pyship"], cwd=source, env=environment)
                unfinished = binary.with_suffix(".part")
                shutil.copy(target / "release/pyship", unfinished)
                unfinished.rename(binary)
            finally:
                step(["git", "-C", REPOSITORY, "worktree", "remove", "--force", source])
                Path(source).mkdir()  # the temporary directory's own end wants to find it
    return Pyship(binary, settings, name)


class Against:
    """One run. What is judged, and first in every comparison, is this tree's pyship."""

    def __init__(self, settings, pyship, record):
        self.settings, self.record = settings, record
        pyship.name = "this"
        other = revision(settings.against, settings)
        if other.name == pyship.name:
            other.name = "that"
        self.sides = [pyship, other]
        record.about["against"] = f"{settings.against} ({other.path.name}, {other.version})"

    def run(self):
        """All apps that were asked for, in all places."""
        with tempfile.TemporaryDirectory(prefix="pyship-bench-", dir=self.settings.work) as work:
            work = Path(work)
            self.record.each(self.settings.apps, lambda name: self.app(App(name, self.settings, work), work))

    def app(self, app, work):
        """Packs with both, compares the files, then their starts."""
        note(f"{app.name}: packing with both")
        files = {side.name: packing.first(side, app, work) for side in self.sides}
        idle = {side.name: packing.idle(side, app, work) for side in self.sides}
        self.sizes(app, work, files)
        found = packing.packing(self.sides, app, work, 1 if app.large or self.settings.quick else 3)
        for measure, key, unit in (
            ("pack", "cold", "s"),
            ("pack again", "again", "s"),
            ("pack memory", "cold memory", "MB"),
        ):
            self.record.compared(app.name, measure, unit, {name: lists[key] for name, lists in found.items()})
        for number, (kind, directory) in enumerate(self.settings.places):
            with tempfile.TemporaryDirectory(prefix="pyship-bench-", dir=directory) as place:
                self.place(app, kind, Path(place), files, idle, number == 0)
        for side in self.sides:
            files[side.name].unlink()
            idle[side.name].unlink()
            forget(packing.build_cache(side, app, work))

    def sizes(self, app, work, files):
        """Both at the default level, and as small as each can."""
        self.record.compared(app.name, "size", "MB", {name: [file.stat().st_size] for name, file in files.items()})
        if self.settings.quick:
            return
        results = {}
        for side in self.sides:
            how, size, _ = packing.smallest(side, app, work)
            results[f"{side.name} {how}"] = [size]
        self.record.compared(app.name, "size", "MB", results, detail="smallest")

    def place(self, app, kind, place, files, idle, counts):
        """Starts and unpacking on one file system."""
        temporary = place / "tmp"
        temporary.mkdir()
        env = self.settings.start_environment(temporary)
        warm, first, ended = [], [], {}
        for side in self.sides:
            # Layers that both have must not be the other's work: each has a cache of its own.
            here = side.directory(place)
            file = shutil.copy(files[side.name], here)
            ended[side.name] = shutil.copy(idle[side.name], here)
            warm.append(Contestant(side.name, [file], {**env, "PYSHIP_CACHE_DIR": str(here / "cache")}))
            fresh = here / "fresh"
            first.append(Contestant(side.name, [file], {**env, "PYSHIP_CACHE_DIR": str(fresh)}, fresh))
        said = {contestant.name: step(contestant.words, env=contestant.env) for contestant in warm}
        if len(set(said.values())) != 1:
            raise Failed(f"the two versions' files print different things: {said}")
        self.record.checked(app.name, "same output", place=kind, names=list(said))

        runs = self.settings.runs
        self.record.compared(app.name, "warm start", "ms", in_turn(warm, runs), kind)
        share, _ = launcher.shares(ended, {**env, "PYSHIP_CACHE_DIR": str(place / "idle-cache")}, max(60, runs * 3))
        self.record.compared(app.name, "launcher's share", "ms", share, kind)
        if counts:
            calls = {name: [number] for name, number in counted.calls(warm).items()}
            self.record.compared(app.name, "system calls", "", calls)
        rounds = 3 if app.large else max(5, runs // 3)
        times, peaks, _, model = unpacking.unpacking({one.name: one.words[0] for one in warm}, place, env, rounds)
        del times["cp -r"]
        shutil.rmtree(model)
        self.record.compared(app.name, "unpacking", "ms", times, kind)
        self.record.compared(app.name, "memory", "MB", peaks, kind)
        self.record.compared(app.name, "first start", "ms", in_turn(first, rounds), kind)

