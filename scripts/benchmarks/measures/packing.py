"""Packs from nothing, after an edit, and as small as it can: seconds, memory, size."""

from ..pyship import forget
from ..running import Failed, note, step
from ..turns import remove


def build_cache(side, app, work):
    """Where one side keeps the layers of one app."""
    return side.directory(work) / f"{app.name}.build-cache"


def first(side, app, work):
    """The file that everything else is measured with. It isn't timed: it also fills the installer's own cache."""
    file = side.directory(work) / f"{app.name}.bin"
    side.pack(app, file, build_cache(side, app, work))
    return file


def packing(sides, app, work, rounds):
    """Packs an app with each pyship in turn, so many rounds: from nothing, then twice after an edit.

    Gives, by name: lists of seconds `cold` and `again`, lists of bytes `cold memory` and `again memory`.
    """
    found = {side.name: {"cold": [], "again": [], "cold memory": [], "again memory": []} for side in sides}
    edits = 0
    edited = work / f"{app.name}-edited.bin"
    for _ in range(rounds):
        for side in sides:
            cache = build_cache(side, app, work)
            forget(cache)
            _one(side, app, edited, cache, found[side.name], "cold")
            for _ in range(2):
                edits += 1
                app.edit(edits)
                _one(side, app, edited, cache, found[side.name], "again")
    edited.unlink()
    return found


def _one(side, app, output, cache, times, which):
    seconds, peak = side.pack(app, output, cache)
    times[which].append(seconds)
    times[f"{which} memory"].append(peak)


def idle(side, app, work):
    """Packs the same payload with an app that ends at once: sys.exit() is all that it runs."""
    file = side.directory(work) / f"{app.name}-idle.bin"
    side.pack(app, file, build_cache(side, app, work), "-e", "sys:exit", "--no-check")
    return file


def smallest(side, app, work):
    """Packs as small as the command can; gives the arguments for that, bytes and seconds. What it makes must run."""
    arguments = side.smallest()
    file, cache = side.directory(work) / f"{app.name}-small.bin", work / "small.build-cache"
    note(f"{app.name}: packing with {' '.join(arguments)}")
    seconds, _ = side.pack(app, file, cache, *arguments)
    forget(cache)
    started = work / "small.cache"
    env = side.settings.start_environment(work)
    said = step([file], env={**env, "PYSHIP_CACHE_DIR": str(started)})
    remove(started)
    wanted = step([app.python(), app.main], env=env)
    if said != wanted:
        raise Failed(f"{file.name} prints {said!r}, and the virtual environment's python {wanted!r}")
    size = file.stat().st_size
    file.unlink()
    return " ".join(arguments), size, seconds
