"""Lists the files beside it; with the argument `change` it changes them first."""

import os
import sys
from pathlib import Path

DATA = Path(__file__).parent / "data"


def change():
    with open(DATA / "grows.txt", "a") as file:
        file.write("more\n")
    os.truncate(DATA / "shrinks.txt", 2)
    open(DATA / "emptied.txt", "w").close()
    # An update that keeps the times of what it has downloaded.
    new = DATA / "new"
    new.write_text("new\n")
    os.utime(new, (1_000_000_000, 1_000_000_000))
    new.replace(DATA / "replaced.txt")
    (DATA / "made").mkdir()
    (DATA / "made/own.txt").write_text("own\n")
    # In a directory that has other members.
    (DATA / "below/own.txt").write_text("own\n")


if sys.argv[1:] == ["change"]:
    change()
for path in sorted(path for path in DATA.rglob("*") if path.is_file()):
    print(path.relative_to(DATA), repr(path.read_text()))
