#!/usr/bin/env python3
"""Tests what `scripts/packages` makes of what it sees, and that tests/packages.toml makes sense; runs no package."""

import datetime
import os
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "scripts"), str(HERE.parent / "start")]
if sys.version_info < (3, 11):
    from fakeapp import interpreters

    # tomllib came with 3.11.
    newest = interpreters()[-1]
    assert newest.version >= (3, 11), "a CPython 3.11 or later is needed"
    os.execv(newest.path, [newest.path, *sys.argv])

from realworld.entries import DOZEN, Entry, Wrong, distribution, dozen, read
from realworld.table import table
from realworld.trial import Run, difference, verdict

FINE = {"venv": "ok", "empty": "ok", "musl": "ok"}


def entry(**keys):
    return Entry(name="x", program="", requires=["x"], **keys)


class Entries(unittest.TestCase):
    def test_every_program_compiles_and_says_something(self):
        entries = read()
        self.assertGreaterEqual(len(entries), 80)
        for each in entries.values():
            compile(each.program, each.name, "exec")
            self.assertIn("print(", each.program, each.name)

    def test_a_dozen_is_the_same_all_day_and_every_package_that_was_seen_has_its_turn(self):
        entries = read()
        light = {name for name, each in entries.items() if each.everyday and name != "numpy"}
        first = datetime.date(2026, 1, 1)
        days = [dozen(entries, str(first + datetime.timedelta(n)), light) for n in range(-(-len(light) // DOZEN))]
        self.assertEqual(days[0], dozen(entries, str(first), light))
        self.assertTrue(all(len(set(day)) == DOZEN for day in days))
        self.assertEqual({name for day in days for name in day}, light)

    def test_a_known_failure_has_its_error(self):
        with self.assertRaises(Wrong):
            entry(fails="why")

    def test_the_name_of_a_requirement(self):
        self.assertEqual(distribution("Psycopg_x[binary,pool]>=3; python_version > '3'"), "psycopg-x")


class Verdicts(unittest.TestCase):
    def test_what_is_the_same_is_ok(self):
        self.assertEqual(verdict(entry(), FINE), "ok")
        self.assertEqual(difference(Run(0, b"a\n", b""), Run(0, b"a\n", b"warning")), "ok")

    def test_output_and_exit_code_count(self):
        plain = Run(0, b"a\nb\n", b"")
        self.assertEqual(difference(plain, Run(0, b"a\nc\n", b"")), "line 2 of the output is 'c' instead of 'b'")
        self.assertEqual(difference(plain, Run(0, b"a\n", b"")), "line 2 of the output is nothing instead of 'b'")
        self.assertEqual(difference(plain, Run(0, b"a\r\nb\n", b"")), "the output differs in line ends")
        self.assertEqual(difference(plain, Run(1, b"a\nb\n", b"x\nOSError: y\n")), "exit code 1: OSError: y")
        self.assertIn("killed by SIGSEGV", difference(plain, Run(-11, b"a\nb\n", b"")))
        self.assertIn("no end within", difference(plain, Run(None, b"a\nb\n", b"")))
        self.assertEqual(verdict(entry(), {**FINE, "musl": "exit code 1"}), "musl: exit code 1")

    def test_a_step_that_failed_is_wrong_whatever_the_entry_expects(self):
        self.assertEqual(verdict(entry(fails="why", error="e"), {"failed": "uv pip: exit code 1"}), "uv pip: exit code 1")

    def test_a_known_failure_must_be_there(self):
        known = entry(fails="why", error="libx.so", fails_in=["musl"])
        seen = {**FINE, "musl": "exit code 1", "musl as expected": True}
        self.assertEqual(verdict(known, seen), "known")
        self.assertIn("musl: works", verdict(known, FINE))
        self.assertIn("the entry expects", verdict(known, {**seen, "musl as expected": False}))
        self.assertIn("empty: exit code 2", verdict(known, {**seen, "empty": "exit code 2"}))

    def test_the_table_says_what_fails(self):
        known = entry(fails="why", error="libx.so")
        row = table({"x": known}, {"x": {"venv": "ok", "empty": "exit code 1", "musl": "exit code 1", "verdict": "known"}})
        self.assertIn("| x |  | ok | fails | fails |  | why |", row)
        self.assertIn("0 of 1 packages", row)


if __name__ == "__main__":
    unittest.main()
