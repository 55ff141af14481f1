"""Commands that are compared run in turn, never in blocks, so that a busy moment of the machine meets all of them."""

import os
import shutil
from pathlib import Path

from .running import Exec, Failed, measured_step, once


class Contestant:
    """A command, and the directory that it is to find missing before each of its runs, if any.

    `fresh` is what a first start fills. A run that leaves it empty was no first start, and fails.
    """

    def __init__(self, name, words, env=None, fresh=None, seconds=None):
        self.name, self.env = name, env or {}
        self.words = words if isinstance(words, Exec) else [os.fspath(word) for word in words]
        self.fresh = Path(fresh) if fresh else None
        self.seconds = seconds  # what all its runs together may take, about

    def run(self):
        """Seconds of one run."""
        return self.after(lambda: once(self.words, self.env))

    def peak(self):
        """The largest resident set of any process of one run, in bytes."""
        return self.after(lambda: measured_step(self.words, self.env)[1])

    def after(self, action):
        """Does what is to be done where it finds nothing of earlier runs, and leaves nothing."""
        if self.fresh:
            remove(self.fresh)
        found = action()
        if self.fresh:
            if not self.fresh.is_dir() or not any(self.fresh.iterdir()):
                raise Failed(f"a first start of {self.name} left nothing in `{self.fresh}`")
            remove(self.fresh)
        return found


def remove(path):
    """Removes a tree, also one whose directories are read-only."""
    if path.exists():
        shutil.rmtree(path, onerror=_writable_then_again)


def _writable_then_again(function, path, _error):
    os.chmod(os.path.dirname(path), 0o700)
    os.chmod(path, 0o700)
    function(path)


def in_turn(contestants, rounds, least=5, warm_ups=1):
    """Runs them in turn, each round in another order; gives the seconds of each run, by name.

    One whose time is limited runs in fewer rounds, spread evenly over all of them.
    """
    times = {contestant.name: [] for contestant in contestants}
    wanted = {}
    for number in range(-warm_ups, rounds):
        shift = number % len(contestants)
        for contestant in contestants[shift:] + contestants[:shift]:
            if number >= 0 and not takes_part(number, wanted[contestant.name], rounds):
                continue
            seconds = contestant.run()
            if number >= 0:
                times[contestant.name].append(seconds)
            else:
                wanted[contestant.name] = how_many(contestant.seconds, seconds, least, rounds)
    return times


def how_many(limit, seconds, least, rounds):
    """How many of the rounds fit into the limit, but at least so many."""
    if limit is None:
        return rounds
    return min(rounds, max(least, int(limit / max(seconds, 1e-6))))


def takes_part(number, wanted, rounds):
    """Whether one that runs in `wanted` of `rounds` rounds runs in this one; they lie as far apart as they can."""
    return (number + 1) * wanted // rounds > number * wanted // rounds
