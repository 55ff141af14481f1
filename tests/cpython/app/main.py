"""Runs one module of CPython's tests and appends what each test came to, as JSON lines: main.py EVENTS MODULE

A line is written when a test starts and for each of its results, so that a crash leaves what was done until then.
"""

import json
import os
import sys
import unittest


class Events(unittest.TestResult):
    """Writes a line for each event, in the process that was started and in no child of it."""

    def __init__(self, path):
        super().__init__()
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self.pid = os.getpid()

    def write(self, test, event, detail=""):
        # A subtest counts for its test.
        event = {"id": getattr(test, "test_case", test).id(), "event": event, "detail": str(detail)}
        if os.getpid() == self.pid:
            os.write(self.file, json.dumps(event).encode() + b"\n")

    def startTest(self, test):
        super().startTest(test)
        self.write(test, "start")

    def addSuccess(self, test):
        self.write(test, "ok")

    def addFailure(self, test, error):
        self.write(test, "fail", self._exc_info_to_string(error, test))

    def addError(self, test, error):
        self.write(test, "error", self._exc_info_to_string(error, test))

    def addSubTest(self, test, subtest, error):
        if error is not None:
            failed = issubclass(error[0], test.failureException)
            self.write(test, "fail" if failed else "error", self._exc_info_to_string(error, test))

    def addSkip(self, test, reason):
        self.write(test, "skip", reason)

    def addExpectedFailure(self, test, error):
        self.write(test, "expected failure")

    def addUnexpectedSuccess(self, test):
        self.write(test, "unexpected success")


def main():
    events, module = sys.argv[1:]
    from test import support

    # What `python -m test` sets, before any test module is imported: no network, no huge files, no noise.
    support.use_resources = []
    support.verbose = 0
    result = Events(events)
    try:
        tests = unittest.defaultTestLoader.loadTestsFromName(module)
    except unittest.SkipTest as skip:
        result.write(unittest.suite._ErrorHolder(module), "skip", skip)
        return
    tests.run(result)
    # Of a module that nothing of the tests replaces.
    loader = type(unittest.__spec__.loader)
    result.write(unittest.suite._ErrorHolder(module), "end", f"{loader.__module__}.{loader.__qualname__}")


if __name__ == "__main__":
    main()
