"""Known differences: exceptions.txt, read and held against what was found.

An entry is a line `TEST PYTHONS MODES OUTCOME -> OUTCOME` and, indented below it, the reason. TEST is a test's id, with
`*` for any characters; PYTHONS is `3.9-3.13`, `3.12` or `3.9,3.11-3.13`; MODES are `app`, `python` or `app,python`. The
outcomes are those in the virtual environment and in the packed file, `none` where the test doesn't exist; one that
differs in some runs only has `sometimes` at the end.
"""

import fnmatch
from pathlib import Path


class Known:
    """One known difference."""

    def __init__(self, number, words, reason=""):
        self.number = number
        self.test, self.pythons, modes, self.plain, arrow, self.packed, *rest = words
        assert arrow == "->" and rest in ([], ["sometimes"]), words
        self.modes = modes.split(",")
        self.sometimes = bool(rest)
        self.reason = reason
        self.met = False

    def __str__(self):
        return f"exceptions.txt:{self.number}: {self.test}: {self.plain} -> {self.packed}"

    def concerns(self, minor, mode, module):
        """Whether it speaks of this run of `module`, which may be part of a test module."""
        return mode in self.modes and in_range(minor, self.pythons) and (self.test + ".").startswith(module + ".")

    def covers(self, test, plain, packed):
        return (plain, packed) == (self.plain, self.packed) and fnmatch.fnmatchcase(test, self.test)


def in_range(minor, pythons):
    for part in pythons.split(","):
        first, _, last = part.partition("-")
        if number(first) <= minor <= number(last or first):
            return True
    return False


def number(version):
    return tuple(map(int, version.split(".")))


def read():
    entries = []
    for number, line in enumerate((Path(__file__).parent / "exceptions.txt").read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace():
            entries[-1].reason = f"{entries[-1].reason} {line.strip()}".strip()
        else:
            entries.append(Known(number, line.split()))
    for entry in entries:
        assert entry.reason, f"{entry} has no reason"
    return entries
