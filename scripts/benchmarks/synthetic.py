"""A made-up package of 1 GB, the same on every machine: what a machine learning environment looks like to a packer.

Most of it is a few large binaries that compress to about half, then hundreds of files of up to 2 MB, then thousands of
small modules. It is a wheel, so that everybody's installer installs it like any other.
"""

import base64
import hashlib
import random
import sys
import zipfile
from pathlib import Path

from .running import note, step

NAME = "bench-large"
PACKAGE = "bench_large"
MODULES = 3000
MB = 1_000_000

MAIN = f'''"""Imports a few modules of a large environment, and looks into one of its large files."""
import importlib
import pathlib

import {PACKAGE}

total = 0
for number in range(0, {MODULES}, {MODULES} // 20):
    total += importlib.import_module(f"{PACKAGE}.part{{number // 100:02}}.module{{number:04}}").answer(number)
large = pathlib.Path({PACKAGE}.__file__).with_name("lib0.bin")
with large.open("rb") as file:
    file.seek(1_000_000)
    print("total", total, "of", large.stat().st_size, "bytes", file.read(8).hex())
'''


def version(megabytes):
    """A wheel of another size is another version; the number in front counts changes of the recipe."""
    return f"1.{megabytes}"


def wheel(place, megabytes):
    """The directory that holds the wheel, which is made when it isn't there."""
    path = place / f"{PACKAGE}-{version(megabytes)}-py3-none-any.whl"
    if not path.exists():
        note(f"making a package of {megabytes} MB")
        place.mkdir(parents=True, exist_ok=True)
        # In another process: what this one ever held counts as the memory of all that it spawns.
        step([sys.executable, "-m", __name__, path, str(megabytes)], cwd=Path(__file__).parents[1])
    return place


def make(path, megabytes):
    """Writes the wheel; it appears whole or not at all."""
    unfinished = path.with_suffix(".part")
    info = f"{PACKAGE}-{version(megabytes)}.dist-info"
    lines = []
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:

        def add(name, data):
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={digest},{len(data)}")
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data)

        for name, data in members(megabytes):
            add(f"{PACKAGE}/{name}", data)
        add(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version(megabytes)}\n".encode())
        add(f"{info}/WHEEL", b"Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "\n".join([*lines, f"{info}/RECORD,,", ""]))
    unfinished.rename(path)


def members(megabytes):
    """Names and contents; the sum of all is about so many megabytes."""
    chance = random.Random(20240607)
    pool = likeness(chance, 48 * MB)
    yield "__init__.py", b""
    small = 0
    for number in range(MODULES):
        directory = f"part{number // 100:02}"
        if number % 100 == 0:
            yield f"{directory}/__init__.py", b""
        data = module(chance, number)
        small += len(data)
        yield f"{directory}/module{number:04}.py", data
    # What the modules leave: three fifths in three large files, the rest in files of up to 2 MB.
    left = megabytes * MB - small
    for number, share in enumerate((0.30, 0.20, 0.10)):
        yield f"lib{number}.bin", binary(chance, pool, int(megabytes * MB * share))
        left -= int(megabytes * MB * share)
    number = 0
    while left > 0:
        size = min(left, chance.randrange(MB // 5, 2 * MB))
        yield f"data{number % 8}/block{number:03}.bin", binary(chance, pool, size)
        left -= size
        number += 1


def likeness(chance, size):
    """Bytes that repeat in short pieces, as machine code and tables do."""
    words = [chance.randbytes(chance.randrange(4, 24)) for _ in range(4096)]
    return b"".join(chance.choices(words, k=size // 12))[:size]


def binary(chance, pool, size):
    """Blocks of pure chance, which don't compress, and others that compress to about a third, in equal parts."""
    block = 65536
    parts = []
    for _ in range(size // block + 1):
        if chance.random() < 0.4:
            parts.append(chance.randbytes(block))
        else:
            begin = chance.randrange(len(pool) - block)
            parts.append(pool[begin : begin + block])
    return b"".join(parts)[:size]


def module(chance, number):
    """Source text of 2 to 12 kB."""
    lines = [f'"""Module {number} of a large package."""', "", "import math", ""]
    names = []
    for index in range(chance.randrange(6, 40)):
        name = f"step_{index}_{chance.randrange(10**6)}"
        names.append(name)
        factor, shift = chance.randrange(2, 999), chance.randrange(10**6)
        lines += [
            "",
            f"def {name}(value, scale={factor}):",
            f'    """Scales a value by {factor} and shifts it by {shift}, unless it is negative."""',
            "    if value < 0:",
            f'        raise ValueError(f"{name} takes no negative value: {{value}}")',
            f"    return math.floor(value * scale + {shift}) % {chance.randrange(10**6, 10**9)}",
            "",
        ]
    lines += ["", "def answer(value):", f"    for step in ({', '.join(names)}):", "        value = step(value)"]
    lines += ["    return value", ""]
    return "\n".join(lines).encode()


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
