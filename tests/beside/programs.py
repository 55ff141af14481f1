"""The corpus: each program below programs/ with what its header says of how to run it.

A program is a file `KIND/NAME.py`, or a directory `KIND/NAME/` with a `main.py`. Its first line is a shebang; the
comments that follow are its description, and then, each only where it is needed:

    # as: script module console   how it is started; `script` is the default. `console` is its function `main`
    # args: a "b c"               arguments, as a shell would split them
    # env: NAME=VALUE             more environment; `NAME=` is an empty value
    # stdin: 1 + 1\\n              standard input, as a Python string; otherwise /dev/null
    # shell: "$@" | head -1       a line for bash, in which "$@" is the program's start
    # packages: cli               a file of requirements/; otherwise nothing is installed
    # pack: --option=-Xutf8       more options for `pyship pack`; `# plain: -Xutf8` are the interpreter's in the peer
    # python: 3.10-3.14           the versions that it runs on; otherwise all
"""

import ast
import re
import shlex
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent / "programs"
KINDS = ("script", "module", "console")
HEADER = re.compile(r"# (as|args|env|stdin|shell|packages|pack|plain|python): (.*)")


class Program:
    """One program, which may be started in several ways."""

    def __init__(self, path):
        self.path = path
        self.is_directory = path.is_dir()
        self.main = path / "main.py" if self.is_directory else path
        self.name = path.stem
        self.id = f"{path.parent.name}/{path.stem}"
        said = {"env": []}
        lines = self.main.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        assert lines[0] == "#!/usr/bin/env python3", f"{self.main}: no shebang"
        assert lines[1].startswith("# "), f"{self.main}: no description"
        for line in lines[2:]:
            match = HEADER.fullmatch(line)
            if not line.startswith("#"):
                break
            if match and match[1] == "env":
                said["env"].append(match[2].partition("=")[::2])
            elif match:
                said[match[1]] = match[2]
        self.kinds = said.get("as", "script").split()
        assert set(self.kinds) <= set(KINDS), self.main
        assert not self.is_directory or self.kinds == ["script"], f"{self.main}: a directory is run as a script"
        self.args = shlex.split(said.get("args", ""))
        self.env = dict(said["env"])
        self.stdin = ast.literal_eval('"' + said["stdin"].replace('"', '\\"') + '"').encode() if "stdin" in said else None
        self.shell = said.get("shell")
        self.packages = said.get("packages", "none")
        self.pack, self.plain = shlex.split(said.get("pack", "")), shlex.split(said.get("plain", ""))
        self.pythons = said.get("python", "3.9-3.99")


def read(pattern=""):
    """The programs whose id has `pattern` in it."""
    places = [path for path in sorted(PROGRAMS.glob("*/*")) if path.suffix == ".py" or (path / "main.py").is_file()]
    programs = [Program(path) for path in places]
    names = [program.name for program in programs]
    assert len(names) == len(set(names)), f"names are used twice: {sorted(n for n in names if names.count(n) > 1)}"
    return [program for program in programs if re.search(pattern, program.id)]
