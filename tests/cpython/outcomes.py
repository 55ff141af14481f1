"""What the tests of one module come to under one interpreter."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

# From the best to the worst: a test with several results has come to the worst of them.
RANK = ("ok", "expected failure", "skip", "unexpected success", "fail", "error", "crash")


class Outcomes:
    """`tests`: the outcome by test id; `details`: tracebacks and reasons; `said`: the end of the output;
    `loader`: what loads modules of the standard library."""

    def __init__(self, module):
        self.module = module
        self.tests = {}
        self.details = {}
        self.said = self.loader = ""
        self.seconds = 0.0

    def add(self, test, outcome, detail=""):
        if RANK.index(outcome) >= RANK.index(self.tests.get(test, "ok")):
            self.tests[test] = outcome
            self.details[test] = detail


def run(module, command, environment, main, limit):
    """Runs `command main EVENTS MODULE` in an empty directory, with HOME and TMPDIR of its own."""
    outcomes = Outcomes(module)
    # Short, since sockets are made below it.
    place = tempfile.mkdtemp(prefix="cpy-")
    try:
        for name in ("home", "tmp", "cwd"):
            os.mkdir(os.path.join(place, name))
        events, output = os.path.join(place, "events"), os.path.join(place, "output")
        started = time.monotonic()
        with open(output, "wb") as file:
            ended = run_in_session(
                [*command, *main, events, module],
                limit,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd=os.path.join(place, "cwd"),
                env={**environment, "HOME": os.path.join(place, "home"), "TMPDIR": os.path.join(place, "tmp")},
            )
        outcomes.seconds = time.monotonic() - started
        with open(output, errors="replace") as file:
            outcomes.said = file.read()[-4000:]
        read_events(outcomes, events, ended)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return outcomes


def run_in_session(command, limit, **how):
    """Runs it, and ends it with all its children when time is up; returns how it ended, in words."""
    with subprocess.Popen(command, start_new_session=True, **how) as child:
        try:
            code = child.wait(limit)
            ended = f"exit code {code}"
        except subprocess.TimeoutExpired:
            ended = f"no end after {limit} seconds"
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        return ended


def read_events(outcomes, path, ended):
    running, whole = None, False
    try:
        with open(path) as file:
            events = [json.loads(line) for line in file]
    except FileNotFoundError:
        events = []
    for event in events:
        test, kind = plain(event["id"]), event["event"]
        if kind == "start":
            running = test
        elif kind == "end":
            whole = True
            outcomes.loader = event["detail"]
        else:
            running = None if running == test else running
            whole |= kind == "skip" and test == outcomes.module
            outcomes.add(test, kind, event["detail"])
    if not whole:
        outcomes.add(running or outcomes.module, "crash", f"{ended}\n{outcomes.said}")


def plain(test):
    """A test's id without what no two runs share."""
    return re.sub(r"0x[0-9a-f]+", "0x", test)
