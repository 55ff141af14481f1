"""The apps that are measured: what each is, and the virtual environment that everybody's packages come from.

The environment is made once and kept; what pip chose for it is pinned, and pyship and every peer get exactly that.
"""

import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from . import synthetic
from .running import Failed, note, step
from .paths import CACHE, REPOSITORY

WEB_MAIN = '''"""A web application from its start to the end of its imports."""
import uvicorn
import uvicorn.protocols.http.auto
from app.main import app

print(uvicorn.Config(app).host, app.title, len(app.routes))
'''

PLOTLY_MAIN = '''"""A figure with plotly's validators at work; prints a digest of it."""
import hashlib

import plotly.graph_objects as go

figure = go.Figure(
    data=[go.Scatter(x=[1, 2, 3], y=[4, 1, 2], name="measured"), go.Bar(x=[1, 2, 3], y=[2, 3, 1])],
    layout=go.Layout(title="a figure", xaxis={"title": "day"}),
)
print(hashlib.sha256(figure.to_json().encode()).hexdigest())
'''

# 5.18 is the plotly of 12,000 files (twice that with bytecode); 5.24 has more, 6 has few.
ABOUT = {
    "hello": "a script that prints one line",
    "web": "FastAPI and uvicorn, up to the end of their imports",
    "sci": "numpy and pandas, a small computation",
    "plotly": "plotly 5.18 with its 12,000 files, one figure",
    "large": "a made-up environment of 1 GB; 20 of its 3,000 modules are imported",
}
LARGE = ("plotly", "large")


class App:
    """One app: its source in a working directory, its pinned requirements, its virtual environment."""

    def __init__(self, name, settings, work):
        self.name, self.settings = name, settings
        self.large = name in LARGE
        self.source = work / "source" / name
        self.main = self.source / "main.py"
        self.find_links = None
        self.wanted = []
        getattr(self, f"_make_{name}")()
        self.venv = self._virtual_environment()
        self.requirements = None
        if self.wanted:
            self.requirements = work / f"{name}-requirements.txt"
            self.requirements.write_text(self.venv["freeze"])

    def _make_hello(self):
        self.main = self.source / "hello.py"
        copy(REPOSITORY / "examples/hello", self.source)

    def _make_web(self):
        copy(REPOSITORY / "examples/fastapi", self.source)
        self._requirements_of_source()
        self.main.write_text(WEB_MAIN)

    def _make_sci(self):
        copy(REPOSITORY / "examples/numpy-pandas", self.source)
        self._requirements_of_source()

    def _make_plotly(self):
        self.source.mkdir(parents=True)
        self.main.write_text(PLOTLY_MAIN)
        self.wanted = ["plotly==5.18.0"]

    def _make_large(self):
        self.source.mkdir(parents=True)
        self.main.write_text(synthetic.MAIN)
        self.find_links = synthetic.wheel(CACHE / "synthetic", self.settings.large_mb)
        self.wanted = [f"{synthetic.NAME}=={synthetic.version(self.settings.large_mb)}"]

    def _requirements_of_source(self):
        self.wanted = (self.source / "requirements.txt").read_text().split()
        (self.source / "requirements.txt").unlink()  # pinned ones take its place

    def packages(self):
        """Arguments by which an installer gets what the virtual environment has."""
        words = ["-r", self.requirements] if self.requirements else []
        if self.find_links:
            words += ["--find-links", self.find_links]
        return words

    def data_files(self):
        """What lies beside the code and is read when it runs."""
        return [path for path in sorted(self.source.rglob("*")) if path.is_file() and path.suffix != ".py"]

    def digest(self):
        """Of the source, the packages and the interpreter: what a peer's file is made from."""
        found = hashlib.sha256(f"{self.settings.python_version} {self.venv['freeze']}".encode())
        for path in sorted(self.source.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(os.fsencode(path.relative_to(self.source)) + b"\0" + path.read_bytes() + b"\0")
        return found.hexdigest()[:16]

    def edit(self, number):
        """Changes a line of the app, as its author would between two packs."""
        with self.main.open("a") as source:
            source.write(f"\n# edit {number}\n")

    def python(self):
        """The virtual environment's interpreter."""
        return Path(self.venv["place"]) / "bin/python"

    def _virtual_environment(self):
        key = hashlib.sha256(" ".join(self.wanted).encode()).hexdigest()[:8]
        place = CACHE / "venvs" / f"{self.name}-{self.settings.python_version}-{key}"
        if self.find_links:
            make = lambda: environment(place, self.settings, [*self.wanted, "--find-links", self.find_links])
        else:
            make = lambda: environment(place, self.settings, self.wanted)
        return make()


def environment(place, settings, wanted, compiled=True):
    """A virtual environment that is kept: its place, what is installed, the seconds that making it took."""
    stamp = place / "complete.json"
    if stamp.exists() and not settings.refresh:
        return json.loads(stamp.read_text())
    note(f"making the environment `{place.name}`")
    shutil.rmtree(place, ignore_errors=True)
    begin = time.time()
    step([settings.python, "-m", "venv", place])
    python = place / "bin/python"
    if wanted:
        step([python, "-m", "pip", "install", "-q", *wanted], env=settings.tool_environment())
    freeze = step([python, "-m", "pip", "freeze"], env=settings.tool_environment())
    freeze = "".join(f"{pinned(line)}\n" for line in freeze.splitlines())
    if compiled:
        subprocess.run([python, "-m", "compileall", "-q", place / "lib"], capture_output=True, check=False)
    found = {"place": str(place), "freeze": freeze, "seconds": time.time() - begin}
    stamp.write_text(json.dumps(found))
    return found


def pinned(line):
    """A line of `pip freeze` by which another installer finds the same: a local wheel's path is no version."""
    name, at, url = line.partition(" @ file:")
    if not at:
        return line
    wheel = url.rsplit("/", 1)[-1].split("#")[0]
    if not wheel.endswith(".whl"):
        raise Failed(f"`{line}` was not installed from a wheel")
    return f"{name}=={wheel.split('-')[1]}"


def copy(source, target):
    """A copy of an example's source."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
