"""First starts, and what the machine needs for the same work in other ways: `cp -r`, decompression alone, `dd`."""

import os
import shutil
import subprocess
import time

from ..running import Failed, once, spawn
from ..trees import files_and_bytes, listing
from ..turns import Contestant, in_turn, remove


def unpacking(files, place, env, rounds, seconds=None):
    """PYSHIP=where of each file with an empty cache, and `cp -r` of the first one's cache, in turn.

    `files` maps names to files. Gives seconds and peak memory by name (`cp -r` is a name), what was checked, and
    the directory that was copied.
    """
    model = place / "model"
    name, file = next(iter(files.items()))
    once([str(file)], {**env, "PYSHIP_CACHE_DIR": str(model), "PYSHIP": "where"})
    contestants = []
    for name, file in files.items():
        fresh = place / f"unpacked-{name}"
        variables = {**env, "PYSHIP_CACHE_DIR": str(fresh), "PYSHIP": "where"}
        contestants.append(Contestant(name, [file], variables, fresh, seconds))
    checked = same_tree(contestants[0], model)
    copied = place / "copied"
    contestants.append(Contestant("cp -r", [shutil.which("cp"), "-r", model, copied], env, copied, seconds))
    times = in_turn(contestants, rounds, least=3)
    peaks = {contestant.name: [contestant.peak() for _ in range(3)] for contestant in contestants[:-1]}
    return times, peaks, checked, model


def same_tree(contestant, model):
    """What a first start leaves is what is copied; an app directory's name depends on the cache's path, so: layers."""
    remove(contestant.fresh)
    once(contestant.words, contestant.env)
    trees = [[sorted(listing(layers)) for layers in root.glob("v*/layers")] for root in (contestant.fresh, model)]
    if trees[0] != trees[1] or not trees[0]:
        raise Failed(f"`{contestant.fresh}` and `{model}` hold different layers")
    files, size = files_and_bytes(contestant.fresh)
    remove(contestant.fresh)
    return {"files": files, "bytes": size}


def frames(file, manifest, place):
    """The frames of all layers, shared out by size to as many files as there are cores: paths, and bytes unpacked."""
    paths = [place / f"frames{number}.zst" for number in range(os.cpu_count() or 1)]
    shares = [[] for _ in paths]
    pieces = []
    for layer in manifest["layers"]:
        offset = layer["offset"]
        for frame in layer["frames"]:
            pieces.append((frame["size"], offset, frame["raw"]))
            offset += frame["size"]
    for piece in sorted(pieces, reverse=True):
        min(shares, key=lambda share: sum(size for size, *_ in share)).append(piece)
    # Piece by piece: what this process ever held counts as its children's memory.
    with open(file, "rb") as source:
        for path, share in zip(paths, shares):
            with path.open("wb") as target:
                for size, offset, _ in share:
                    source.seek(offset)
                    copy_bytes(source, target, size)
            # zstd sees whether its input is whole; how much comes out is for us to look at.
            wanted, came = sum(raw for *_, raw in share), decompressed_size(path)
            if wanted != came:
                raise Failed(f"`{path}` holds {came} bytes, and the manifest says {wanted}")
    return paths, sum(raw for *_, raw in pieces)


def copy_bytes(source, target, size):
    """Copies so many bytes from where the source is."""
    while size:
        block = source.read(min(size, 1 << 20))
        if not block:
            raise Failed(f"`{source.name}` ends before its last frame")
        target.write(block)
        size -= len(block)


def decompressed_size(path):
    """How many bytes zstd makes of a file."""
    running = subprocess.Popen(["zstd", "-q", "-d", "-c", path], stdout=subprocess.PIPE)
    total = 0
    while block := running.stdout.read(1 << 20):
        total += len(block)
    running.stdout.close()
    if running.wait():
        raise Failed(f"failed to decompress `{path}`")
    return total


def decompress(paths):
    """Seconds until all parts are decompressed, each by a process of its own, written nowhere."""
    zstd = shutil.which("zstd")
    begin = time.perf_counter()
    pids = [spawn([zstd, "-q", "-t", str(path)], {}) for path in paths if path.stat().st_size]
    if any([os.waitpid(pid, 0)[1] for pid in pids]):
        raise Failed("failed to decompress the layers' frames")
    return time.perf_counter() - begin


def zeros(place, size):
    """Seconds that dd needs to write so many zero bytes, without fsync."""
    target = place / "zeros"
    words = [shutil.which("dd"), "if=/dev/zero", f"of={target}", "bs=1M", f"count={-(-size // (1 << 20))}"]
    seconds = once([*words, "status=none"], {})
    if target.stat().st_size < size:
        raise Failed(f"dd wrote {target.stat().st_size} bytes, wanted {size}")
    target.unlink()
    return seconds
