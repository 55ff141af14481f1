"""The run: pyship and what people do without it, app by app, place by place."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from .apps import ABOUT, App
from .measures import counted, launcher, packing, together, unpacking
from .peers import PEERS
from .peers.peer import Unavailable
from .pyship import forget
from .running import Failed, measured_step, note, step
from .trees import files_and_bytes
from .turns import Contestant, in_turn, remove

# Seconds that all runs of one contestant may take in one comparison, about. They decide what a whole run takes.
VENV_SECONDS, PEER_SECONDS = 15, 5


class Comparison:
    """One run. Each app adds its comparisons to the record."""

    def __init__(self, settings, pyship, record):
        self.settings, self.pyship, self.record = settings, pyship, record
        self.first_rounds = max(5, settings.runs // 3)

    def run(self):
        """All apps that were asked for."""
        with tempfile.TemporaryDirectory(prefix="pyship-bench-", dir=self.settings.work) as work:
            self.work = Path(work)
            self.small = None
            self.record.each(self.settings.apps, lambda name: self.app(App(name, self.settings, self.work)))

    def app(self, app):
        """Makes what is compared, then measures it in each place."""
        note(f"{app.name}: making what is compared")
        app.file = packing.first(self.pyship, app, self.work)
        builds = self.builds(app)
        app.idle = packing.idle(self.pyship, app, self.work)
        self.small = self.small or self.hello(app)
        self.packing(app, builds)
        self.describe(app)
        for number, (kind, directory) in enumerate(self.settings.places):
            with tempfile.TemporaryDirectory(prefix="pyship-bench-", dir=directory) as place:
                # Peers are measured where files cost everybody least.
                peers = builds if number == 0 or self.settings.all else []
                self.place(app, kind, Path(place), peers, number == 0)
        if app.name != "hello":
            app.file.unlink()
            app.idle.unlink()
            forget(packing.build_cache(self.pyship, app, self.work))

    def hello(self, app):
        """The file of a small app that ends at once, with which large ones are compared."""
        if app.name == "hello" or not app.large:
            return app.idle if app.name == "hello" else None
        return packing.idle(self.pyship, App("hello", self.settings, self.work), self.work)

    def describe(self, app):
        """What the app is, for whoever reads the figures."""
        libraries = Path(app.venv["place"]) / "lib"
        files, size = files_and_bytes(libraries)
        packages = [line for line in app.venv["freeze"].splitlines() if app.wanted]
        about = {"what": ABOUT[app.name], "packages": packages, "files with bytecode": files, "bytes": size}
        self.record.apps[app.name] = {**about, "environment seconds": app.venv["seconds"]}

    def builds(self, app):
        """The peers' files for an app: pairs of the peer and what is known of its build."""
        found = []
        for kind in PEERS:
            asked = any(kind.__name__.lower().startswith(name) for name in self.settings.peers)
            if not asked or app.name not in kind.apps:
                continue
            peer = kind(self.settings, self.pyship)
            about = self.record.peers.setdefault(peer.name, {})
            try:
                about[app.name] = peer.built(app)
                self.starts_at_all(app, peer, about[app.name])
                found.append((peer, about[app.name]))
            except Unavailable as reason:
                note(f"no {peer.name} for {app.name}: {reason}")
                about[app.name] = {"reason": str(reason)}
        return found

    def starts_at_all(self, app, peer, build):
        """A file that doesn't start, or does something else, has no size and no time either."""
        with tempfile.TemporaryDirectory(prefix="pyship-bench-", dir=self.settings.work) as place:
            first, _ = peer.starts(build["file"], Path(place) / "peer", None)
            wanted = step([app.python(), app.main], env=first.env)
            try:
                said = output(first)
            except Failed as failure:
                raise Unavailable(f"its file does not start: {failure}") from failure
            if said != wanted:
                raise Unavailable(f"its file prints {said!r}, and the virtual environment's python {wanted!r}")

    # --- sizes and packing -------------------------------------------------------------------------------------

    def packing(self, app, builds):
        """Size, seconds and memory of packing."""
        sizes = {"pyship": [app.file.stat().st_size]}
        smallest_seconds = {}
        # A level for releases takes minutes for 1 GB.
        if self.settings.all or not (self.settings.quick or app.large):
            how, size, seconds = packing.smallest(self.pyship, app, self.work)
            sizes[f"pyship {how}"] = [size]
            smallest_seconds[f"pyship {how}"] = [seconds]
        found = packing.packing([self.pyship], app, self.work, 1 if app.large or self.settings.quick else 3)["pyship"]
        peers = {self.shown(peer): [build["seconds"]] for peer, build in builds}
        self.record.compared(app.name, "pack", "s", {"pyship": found["cold"], **smallest_seconds, **peers})
        again = {"pyship, after an edit": found["again"], "pyship, from nothing": found["cold"]}
        self.record.compared(app.name, "pack again", "s", again)
        memory = {"pyship, from nothing": found["cold memory"], "pyship, after an edit": found["again memory"]}
        self.record.compared(app.name, "pack memory", "MB", memory)
        sizes.update({self.shown(peer): [build["size"]] for peer, build in builds})
        self.record.compared(app.name, "size", "MB", sizes)

    @staticmethod
    def shown(peer):
        """A peer's name, with a mark when its file needs a Python on the machine."""
        return f"{peer.name}*" if peer.needs_python else peer.name

    # --- starts ------------------------------------------------------------------------------------------------

    def place(self, app, kind, place, peers, counts):
        """Everything that is measured on one file system."""
        file, idle, temporary = place / app.file.name, place / "idle.bin", place / "tmp"
        shutil.copy(app.file, file)
        shutil.copy(app.idle, idle)
        temporary.mkdir()
        env = self.settings.start_environment(temporary)
        fresh = place / "fresh"
        warm = [
            Contestant("pyship", [file], {**env, "PYSHIP_CACHE_DIR": str(place / "warm")}),
            Contestant("venv", [app.python(), app.main], env, seconds=VENV_SECONDS),
        ]
        warm[0].seconds = VENV_SECONDS
        first = [Contestant("pyship", [file], {**env, "PYSHIP_CACHE_DIR": str(fresh)}, fresh, VENV_SECONDS)]
        for peer, build in peers:
            one, later = peer.starts(build["file"], place / peer.slug(), PEER_SECONDS)
            one.name = later.name = self.shown(peer)
            first.append(one)
            warm.append(later)
        self.same_output(app, kind, warm, first)

        times = in_turn(warm, self.settings.runs)
        self.record.compared(app.name, "warm start", "ms", times, kind)
        self.launcher(app, kind, place, idle, env)
        if counts:
            self.calls(app, warm)
        remove(place / "warm")
        self.first(app, kind, place, file, first, env)
        if counts:
            self.written(app, first)
        if not app.large:
            rounds = 3 if self.settings.quick else 5
            self.record.compared(
                app.name, "64 at once", "ms", together.at_once(idle, place / "together", rounds, env), kind
            )

    def same_output(self, app, kind, warm, first):
        """Runs all once, and wants the same from all, byte for byte."""
        wanted = output(warm[0])
        for contestant in [*warm[1:], *first]:
            if output(contestant) != wanted:
                raise Failed(f"{contestant.name} prints {output(contestant)!r}, and pyship {wanted!r}")
        found = {"place": kind, "names": [contestant.name for contestant in warm], "bytes": len(wanted.encode())}
        self.record.checked(app.name, "same output", **found, sha256=hashlib.sha256(wanted.encode()).hexdigest())

    def launcher(self, app, kind, place, idle, env):
        """The launcher's share; of a large app beside hello's."""
        files = {"pyship": idle}
        if app.large:
            files["hello"] = place / "hello.bin"
            shutil.copy(self.small, files["hello"])
        env = {**env, "PYSHIP_CACHE_DIR": str(place / "warm")}
        share, whole = launcher.shares(files, env, max(60, self.settings.runs * 3))
        results = {"pyship": share["pyship"]}
        if app.large:
            results["hello's launcher"] = share["hello"]
        self.record.compared(app.name, "launcher's share", "ms", {**results, "of a whole start": whole["pyship"]}, kind)

    def calls(self, app, warm):
        """System calls before the execve."""
        found = counted.calls([contestant for contestant in warm if contestant.name != "venv"])
        self.record.compared(app.name, "system calls", "", {name: [number] for name, number in found.items()})

    def written(self, app, first):
        """Files and bytes that a first start writes."""
        found, there = counted.written(first)
        for number, (detail, unit) in enumerate((("files", ""), ("bytes", "MB"))):
            results = {name: [one[number]] for name, one in found.items()}
            self.record.compared(app.name, "written", unit, results, detail=detail)
        self.record.checked(app.name, "files and bytes that are there afterwards", **there)

    def first(self, app, kind, place, file, first, env):
        """First starts, unpacking, what else costs as much; and the memory they take."""
        rounds = 3 if app.large else self.first_rounds
        times, unpacked_peaks, checked, model = unpacking.unpacking({"pyship": file}, place, env, rounds)
        self.record.checked(app.name, "same layers unpacked and copied", place=kind, **checked)
        if app.large:
            paths, raw = unpacking.frames(file, self.pyship.inspect(file), place)
            times["zstd -t on all cores"] = [unpacking.decompress(paths) for _ in range(rounds)]
            times["dd of as many zeros"] = [unpacking.zeros(place, checked["bytes"]) for _ in range(rounds)]
            self.record.checked(app.name, "frames add up", place=kind, bytes=raw)
            for path in paths:
                path.unlink()
        self.record.compared(app.name, "unpacking", "ms", times, kind)
        copied = place / "copied"
        copy = Contestant("cp -r", [shutil.which("cp"), "-r", model, copied], env, copied, VENV_SECONDS)
        times = in_turn([first[0], copy, *first[1:]], rounds, least=3)
        self.record.compared(app.name, "first start", "ms", times, kind)
        memory = {"pyship, unpacking": unpacked_peaks["pyship"]}
        memory.update({f"{one.name}, whole start": [one.peak() for _ in range(3)] for one in first})
        memory["measurable from"] = [measured_step(["true"], env)[1]]
        self.record.compared(app.name, "memory", "MB", memory, kind)
        remove(model)


def output(contestant):
    """What it prints; a first start leaves nothing behind."""
    said = step(contestant.words, env=contestant.env)
    if contestant.fresh:
        remove(contestant.fresh)
    return said
