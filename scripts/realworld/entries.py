"""The entries of tests/packages.toml. A table is a package; its keys are:

    requires      what is installed, as pip spells it [the table's name]
    program       Python that uses the package and prints the same each time: no versions, times or paths
    environment   variables for the program, everywhere
    pack          more options for `pyship pack`
    apt           Debian's packages that the virtual environment needs on this machine
    service       a program that the runner starts first, see `services`
    takes         what it took to make the program run everywhere, for the table
    heavy         true: too large or slow for the dozen of a day
    fails         why the packed file is known to fail in bare roots; it must fail then, and `error` must be in what it
                  writes to standard error; `fails_in` lists the roots, if it is not all of them
"""

import datetime
import hashlib
import tomllib
from dataclasses import dataclass, field

from .paths import ENTRIES

DOZEN = 12
ROOTS = ("empty", "musl")


class Wrong(Exception):
    """An entry or an option that makes no sense."""


@dataclass
class Entry:
    """One package and its program."""

    name: str
    program: str
    requires: list
    environment: dict = field(default_factory=dict)
    pack: list = field(default_factory=list)
    apt: list = field(default_factory=list)
    service: str = ""
    takes: str = ""
    heavy: bool = False
    fails: str = ""
    error: str = ""
    fails_in: list = field(default_factory=lambda: list(ROOTS))

    def __post_init__(self):
        if bool(self.fails) != bool(self.error):
            raise Wrong(f"`{self.name}`: `fails` and `error` belong together")
        if not set(self.fails_in) <= set(ROOTS):
            raise Wrong(f"`{self.name}`: `fails_in` names roots of {', '.join(ROOTS)}")

    @property
    def everyday(self):
        """Whether any machine runs it in short time."""
        return not (self.heavy or self.apt or self.service)


def read():
    """Every entry, by name."""
    found = {}
    for name, keys in tomllib.loads(ENTRIES.read_text()).items():
        keys.setdefault("requires", [name])
        try:
            found[name] = Entry(name=name, **keys)
        except TypeError as error:
            raise Wrong(f"failed to read `{name}` in `{ENTRIES}`: {error}") from None
    return found


def dozen(entries, date, seen):
    """The twelve of a day, of those that were `seen` to do as they say: consecutive days take consecutive ones, until all
    have had their turn."""
    # Neighbours in the alphabet are of one kind; a digest mixes them, the same way on each day.
    mixed = sorted(entries, key=lambda name: hashlib.sha256(name.encode()).digest())
    names = [name for name in mixed if entries[name].everyday and name in seen]
    first = datetime.date.fromisoformat(date).toordinal() * DOZEN
    return [names[(first + index) % len(names)] for index in range(min(DOZEN, len(names)))]


def distribution(requirement):
    """The name of a requirement: `Django[argon2]>=5` is django."""
    for end in "[<>=!~; ":
        requirement = requirement.partition(end)[0]
    return requirement.lower().replace("_", "-")
