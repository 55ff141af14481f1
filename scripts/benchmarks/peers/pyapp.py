"""PyApp: a launcher in Rust, configured when it is compiled, with an archive of an interpreter embedded in it.

The archive holds the very tree that pyship packs (runtime and packages as `pyship extract` gives them, with their
bytecode), so both start the same files. It is unpacked to a directory of its own (full isolation) and nothing is
installed at run time.
"""

import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

from ..paths import CACHE
from ..running import note, step, timed_step
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
        # The tree changes when pyship leaves out other files; then the file is built anew.
        self.archive = archive(app, self.pyship)
        return self.archive["digest"]

    def build(self, app, place):
        python = self.archive["python"]
        variables = {
            "PYAPP_PROJECT_NAME": app.name,
            "PYAPP_PROJECT_VERSION": "1.0",
            "PYAPP_EXEC_MODULE": app.main.stem,
            "PYAPP_DISTRIBUTION_PATH": self.archive["path"],
            "PYAPP_DISTRIBUTION_FORMAT": "tar|zstd",
            "PYAPP_DISTRIBUTION_PYTHON_PATH": python["executable"],
            "PYAPP_DISTRIBUTION_SITE_PACKAGES_PATH": python["site_packages"],
            "PYAPP_PYTHON_VERSION": ".".join(self.settings.python_version.split(".")[:2]),
            "PYAPP_FULL_ISOLATION": "1",
            "PYAPP_SKIP_INSTALL": "1",
            "CARGO_TARGET_DIR": CACHE / "tools" / "pyapp-target",
        }
        words = ["cargo", "install", "pyapp", "--version", VERSION, "--locked", "--quiet", "--force", "--root", place]
        # Once for its dependencies, whose compiling belongs to installing the tool; then the build that counts.
        target = variables["CARGO_TARGET_DIR"]
        compiled = target / f"dependencies-{VERSION}"
        if not compiled.exists():
            note("compiling what PyApp is made of")
            self.timed(words, **variables)
            compiled.touch()
        # Its build script doesn't tell cargo which variables it reads: cargo would take it for built.
        for stale in target.glob("release/*/pyapp-*"):
            shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
        return place / "bin/pyapp", self.archive["seconds"] + self.timed(words, **variables)


def archive(app, pyship):
    """The tree that pyship packed for an app, as PyApp wants it: path, digest, seconds, where Python lies in it."""
    keep = CACHE / "peers"
    keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=keep) as work:
        extracted, tar = Path(work) / "extracted", Path(work) / "tree.tar"
        step([pyship.path, "extract", app.file, extracted])
        python = pyship.inspect(app.file)["python"]
        tree = extracted / "runtime"
        packages = tree / python["site_packages"]
        for more in (extracted / "deps" / python["site_packages"], extracted / "app/code"):
            if more.is_dir():
                # A .pth file of pyship's own is of no use to others, and would cost them time.
                ours = shutil.ignore_patterns("__pyship__*")
                shutil.copytree(more, packages, symlinks=True, dirs_exist_ok=True, ignore=ours)
        write_tar(tree, tar)
        digest = step(["sha256sum", tar])[:16]
        path = keep / f"pyapp-{app.name}-{digest}.tar.zst"
        stamp = path.with_suffix(".json")
        if not stamp.exists():
            unfinished = path.with_suffix(".part")
            seconds = timed_step(["zstd", "-q", "-19", "-T0", "-f", tar, "-o", unfinished])
            unfinished.rename(path)
            stamp.write_text(json.dumps({"seconds": seconds}))
    return {"path": path, "digest": digest, "python": python, **json.loads(stamp.read_text())}


def write_tar(tree, tar):
    """A tar of what is in a directory; the same tree gives the same bytes."""

    def plain(member):
        member.mtime, member.uid, member.gid, member.uname, member.gname = 1, 0, 0, "", ""
        return member

    with tarfile.open(tar, "w") as target:
        for name in sorted(os.listdir(tree)):
            target.add(tree / name, name, filter=plain)
