"""Proves the start-up code on every CPython 3.9 to 3.15 at hand, without the launcher: python3 tests/start/run.py

The index that the start-up code reads is written by the packer's own code, which is built first.
Versions such as `3.12` and `3.13t` choose interpreters, other arguments go to unittest (`-v`, `-k PATTERN`). No interpreter
at hand is a failure.
"""

import re
import sys
import unittest

import fakeapp
import test_children
import test_entry
import test_environment
import test_errors
import test_index
import test_loader
import test_site

MODULES = (test_environment, test_site, test_entry, test_errors, test_children, test_index, test_loader)


def main():
    wanted = [word for word in sys.argv[1:] if re.fullmatch(r"3\.\d+t?", word)]
    others = [word for word in sys.argv[1:] if word not in wanted]
    found = [python for python in fakeapp.interpreters() if not wanted or "%d.%d" % python.version + python.abiflags in wanted]
    if not found:
        sys.exit("failed to find a CPython 3.9 to 3.15 in pyenv's versions, on PATH or in /usr/bin")
    fakeapp.App.writer = fakeapp.build_writer()
    failed = False
    for python in found:
        print(f"CPython {python}", file=sys.stderr)
        for module in MODULES:
            for case in vars(module).values():
                if isinstance(case, type) and issubclass(case, unittest.TestCase):
                    case.python = python
        program = unittest.TestProgram(module=None, argv=[sys.argv[0], *names(), *others], exit=False)
        failed |= not program.result.wasSuccessful() or not program.result.testsRun
    sys.exit(failed)


def names():
    return [module.__name__ for module in MODULES]


if __name__ == "__main__":
    main()
