"""Table, chart and help hold what was found."""

import unittest
from xml.etree import ElementTree

from benchmarks import chart, settings, table
from benchmarks.meaning import MEASURES
from benchmarks.record import Record
from benchmarks.running import Failed

SVG = "{http://www.w3.org/2000/svg}"


def fail(app):
    raise Failed(f"no {app}\nat all")


def record():
    found = Record({"pyship": "pyship 0", "python": "CPython 3.12.1", "cpus": "2 x <fast> & cheap"})
    found.apps = {"hello": {}, "sci": {}}
    found.peers = {"PyApp": {"hello": {"reason": "no cargo\nand more"}}}
    found.each(["web"], fail)
    found.compared("hello", "warm start", "ms", {"pyship": [0.009, 0.010, 0.011], "venv": [0.0125]}, "tmpfs")
    found.compared("hello", "warm start", "ms", {"pyship": [5.0], "venv": [5.0]}, "disk")
    found.compared("sci", "warm start", "ms", {"pyship": [0.3], "PyInstaller": [2.1]}, "tmpfs")
    found.compared("hello", "size", "MB", {"pyship": [13e6], "PyInstaller": [20e6]})
    return found.everything()


class Output(unittest.TestCase):
    def setUp(self):
        import contextlib
        import io

        with contextlib.redirect_stderr(io.StringIO()):
            self.found = record()

    def test_the_table_has_every_contestant_and_who_is_missing(self):
        text = table.table(self.found)
        self.assertRegex(text, r"\nhello: warm start, tmpfs\n  pyship +9\.00 ms +10\.00 ms +20% +3\n")
        self.assertRegex(text, r"\n  venv +12\.50 ms +1 +0\.80\n")
        self.assertIn("not measured: PyApp for hello: no cargo ... and more", text)
        self.assertIn("failed: web: no web\n", text)

    def test_the_chart_is_well_formed_and_escaped(self):
        picture = ElementTree.fromstring(chart.drawn(self.found))
        said = [element.text for element in picture.iter(f"{SVG}text")]
        for wanted in ("pyship", "venv", "PyInstaller", "10.0 ms", "2,100 ms", "13.0 MB"):
            self.assertIn(wanted, said)
        self.assertNotIn("5,000 ms", said, "the first place is shown")

    def test_the_charts_parts_stay_inside(self):
        picture = ElementTree.fromstring(chart.drawn(self.found))
        width, height = float(picture.get("width")), float(picture.get("height"))
        for element in picture.iter():
            right = float(element.get("x") or 0) + float(element.get("width") or 0)
            bottom = float(element.get("y") or 0) + float(element.get("height") or 0)
            self.assertLessEqual(right, width)
            self.assertLessEqual(bottom, height)

    def test_every_measure_says_what_it_compares_and_how_it_was_checked(self):
        help_text = settings.EPILOG.format(measures=settings.meaning.listed(), apps="", minutes="", cache="")
        for name, (compares, checked) in MEASURES.items():
            self.assertIn(f"  {name}\n", help_text)
            self.assertTrue(compares and checked)


class Options(unittest.TestCase):
    def test_apps_come_in_their_own_order(self):
        self.assertEqual(settings.parse(["--apps", "sci,hello"]).apps, ["hello", "sci"])

    def test_quick_has_neither_large_apps_nor_peers(self):
        options = settings.parse(["--quick"])
        self.assertEqual((options.apps, options.peers, options.runs), (["hello", "web", "sci"], [], 10))
