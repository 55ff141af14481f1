"""Runs programs: steps whose failure ends the measurement, and starts that are timed.

A start is spawned with the least work of ours between the clock and the program, and waited for with its use of memory.
"""

import os
import subprocess
import sys
import tempfile
import time

DISCARD = os.open(os.devnull, os.O_RDWR)


class Failed(Exception):
    """A step did not do what the rest depends on; the text is for people."""


class Exec(list):
    """An argument list whose first word is not the program's path."""

    def __init__(self, program, words):
        super().__init__(words)
        self.program = program


def note(text):
    """Progress, on standard error."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def step(words, **options):
    """Runs to the end and gives what was printed; a failure tells the whole of it."""
    words = [os.fspath(word) for word in words]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)
    except OSError as error:
        raise Failed(f"failed to run `{' '.join(words)}`: {error}") from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-3000:]
        raise Failed(f"failed to run `{' '.join(words)}`: exit {done.returncode}\n{said}")
    return done.stdout


def timed_step(words, **options):
    """The seconds that a step took."""
    begin = time.perf_counter()
    step(words, **options)
    return time.perf_counter() - begin


def spawn(words, env):
    """Starts a program whose output nobody reads."""
    actions = [(os.POSIX_SPAWN_DUP2, DISCARD, number) for number in (0, 1)]
    program = words.program if isinstance(words, Exec) else words[0]
    return os.posix_spawn(program, words, env, file_actions=actions)


def once(words, env):
    """Wall-clock seconds from spawn to exit."""
    begin = time.perf_counter()
    _, status = os.waitpid(spawn(words, env), 0)
    seconds = time.perf_counter() - begin
    if status:
        raise Failed(f"`{' '.join(map(os.fsdecode, words))}` ended with wait status {status}")
    return seconds


# What a process ever held counts as the memory of all that it spawns, and this one grows: a small one does it.
SPAWNER = """
import os, sys, time
begin = time.perf_counter()
_, status, used = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
print(time.perf_counter() - begin, used.ru_maxrss * 1024, file=open(sys.argv[1], "w"))
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 255)
"""


def measured_step(words, env):
    """A step's seconds, and the largest resident set of any of its processes in bytes."""
    with tempfile.NamedTemporaryFile("r") as answer:
        step([sys.executable, "-I", "-S", "-c", SPAWNER, answer.name, *words], env=env)
        seconds, peak = answer.read().split()
    return float(seconds), int(peak)


def together(words, env, number):
    """Seconds from the first spawn to the last exit of several starts."""
    begin = time.perf_counter()
    pids = [spawn(words, env) for _ in range(number)]
    statuses = [os.waitpid(pid, 0)[1] for pid in pids]
    if any(statuses):
        raise Failed(f"{sum(map(bool, statuses))} of {number} starts of `{words[0]}` at once failed")
    return time.perf_counter() - begin
