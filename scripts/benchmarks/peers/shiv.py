"""shiv: a zip that an installed Python runs; it unpacks itself once."""

import shutil

from .peer import Peer

# shiv wants a function: this one runs the app as `python main.py` would.
ENTRY = """import runpy


def main():
    runpy.run_module({module!r}, run_name="__main__", alter_sys=True)
"""


class Shiv(Peer):
    """With bytecode, compressed."""

    name = "shiv"
    distribution = "shiv"
    needs_python = True
    keeps = "SHIV_ROOT"
    how = "--compile-pyc --compressed"

    def build(self, app, place):
        file, code = place / f"{app.name}.pyz", place / "code"
        shutil.copytree(app.source, code, ignore=shutil.ignore_patterns("__pycache__"))
        (code / "bench_entry.py").write_text(ENTRY.format(module=app.main.stem))
        words = [self.python().with_name("shiv"), *self.how.split(), "-p", self.settings.python, "-o", file]
        words += ["-e", "bench_entry:main", "--site-packages", code, *app.packages()]
        return file, self.timed(words)
