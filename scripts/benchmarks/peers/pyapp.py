"""PyApp: a launcher in Rust, configured when it is compiled, with an archive of an interpreter embedded in it.

The archive holds the very tree that pyship packs (runtime and packages as `pyship extract` gives them, with their
bytecode), so both start the same files. It is unpacked to a directory of its own (full isolation) and nothing is
installed at run time.
"""

import hashlib
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

from ..running import step, timed_step
from ..paths import CACHE
from .peer import Peer, Unavailable

VERSION = "0.31.0"


class PyApp(Peer):
    """From the Rust registry's sources, with the distribution embedded."""

    name = "PyApp"
    keeps = "HOME"
    how = "embedded tar.zst (zstd -19), full isolation, nothing installed at run time"

    def version(self):
        if not shutil.which("cargo"):
            raise Unavailable("cargo is not on PATH")
        return VERSION

    def made_of(self, app):
        # The tree changes with pyship's pruning, the archive only with the tree.
        return self.archive(app)[1]

    def build(self, app, place):
        archive, _, seconds = self.archive(app)
        manifest = self.manifest(app)
        module = app.main.stem
        variables = {
            "PYAPP_PROJECT_NAME": app.name,
            "PYAPP_PROJECT_VERSION": "1.0",
            "PYAPP_EXEC_MODULE": module,
            "PYAPP_DISTRIBUTION_PATH": archive,
            "PYAPP_DISTRIBUTION_FORMAT": "tar|zstd",
            "PYAPP_DISTRIBUTION_PYTHON_PATH": manifest["python"]["executable"],
            "PYAPP_DISTRIBUTION_SITE_PACKAGES_PATH": manifest["python"]["site_packages"],
            "PYAPP_PYTHON_VERSION": ".".join(self.settings.python_version.split(".")[:2]),
            "PYAPP_FULL_ISOLATION": "1",
            "PYAPP_SKIP_INSTALL": "1",
            "CARGO_TARGET_DIR": CACHE / "tools" / "pyapp-target",
        }
        words = ["cargo", "install", "pyapp", "--version", VERSION, "--locked", "--quiet", "--force", "--root", place]
        # Once for its dependencies, whose compiling belongs to installing the tool; then the build that counts.
        if not Path(variables["CARGO_TARGET_DIR"]).exists():
            self.timed(words, **variables)
        return place / "bin/pyapp", seconds + self.timed(words, **variables)
