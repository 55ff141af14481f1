"""Known differences: exceptions.txt, read and held against what was found.

An entry is a line `PROGRAM KINDS PYTHONS` (`PYTHONS` as in `3.9-3.11,3.14`), with `sometimes` at its end if it differs
in some runs only. Indented below it stand the reason and, each in a line of its own, the lines that differ: `- line` as
in the virtual environment, `+ line` as in the packed file, with `*` for any characters.
"""

import fnmatch
from pathlib import Path


class Known:
    """One known difference."""

    def __init__(self, line_number, words):
        self.line_number = line_number
        self.program, kinds, self.pythons, *rest = words
        assert rest in ([], ["sometimes"]), words
        self.kinds = kinds.split(",")
        self.sometimes = bool(rest)
        self.reason = ""
        self.lines = []
        self.met = False

    def __str__(self):
        return f"exceptions.txt:{self.line_number}: {self.program} {','.join(self.kinds)} {self.pythons}"

    def concerns(self, minor, program, kind):
        return program == self.program and kind in self.kinds and in_range(minor, self.pythons)

    def covers(self, found):
        """Whether each line that was found is one that is listed, and the other way round."""

        def matches(line, pattern):
            return fnmatch.fnmatchcase(line.rstrip(), pattern.replace("[", "[[]"))

        return all(any(matches(line, pattern) for pattern in self.lines) for line in found) and all(
            any(matches(line, pattern) for line in found) for pattern in self.lines
        )


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
    for line_number, line in enumerate((Path(__file__).parent / "exceptions.txt").read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line[0].isspace():
            entries.append(Known(line_number, line.split()))
        elif line.strip()[:2] in ("- ", "+ "):
            entries[-1].lines.append(line.strip())
        else:
            entries[-1].reason = f"{entries[-1].reason} {line.strip()}".strip()
    for entry in entries:
        assert entry.reason and entry.lines, f"{entry} has no reason, or no lines"
    return entries
