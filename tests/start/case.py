"""What the tests of the start-up code have in common."""

import json
import re
import shutil
import tempfile
import unittest
from pathlib import Path

from fakeapp import App


def plain_numbers(text):
    """Without the addresses and thread numbers that no two processes share."""
    return re.sub(r"0x[0-9a-f]+|started \d+", "0", text)


class Case(unittest.TestCase):
    """A test of one interpreter, with a directory of its own."""

    maxDiff = None
    python = None  # Set by run.py.

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix="pyship start é "))
        self.addCleanup(shutil.rmtree, self.directory)

    def app(self, entry=("script", "main.py"), **parts):
        if isinstance(entry, str):
            entry, parts["code"] = ("script", "main.py"), {"main.py": entry, **parts.get("code", {})}
        return App(self.python, self.directory / f"app{len(list(self.directory.iterdir()))}", entry, **parts)

    def ok(self, done, out=None):
        self.assertEqual((done.returncode, done.err), (0, ""), done.out)
        if out is not None:
            self.assertEqual(done.out, out)
        return done.out

    def json(self, done):
        return json.loads(self.ok(done))

    def same(self, app, *args, **how):
        """The app and `python main.py` end in the same way and say the same."""
        ours, plain = app.start(*args, **how), app.python3(app.main, *args, **how)
        for done in (ours, plain):
            done.seen = (done.returncode, plain_numbers(done.out), plain_numbers(done.err))
        self.assertEqual(ours.seen, plain.seen)
        return ours
