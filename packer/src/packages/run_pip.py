"""Runs the pip that lies in the directory argv[1], with an interpreter that has none of its own.

Only `pip` itself is taken from there: what else is installed beside it stays invisible, so pip finds an empty
environment and installs everything that was asked for.
"""

import runpy
import sys
from importlib.machinery import PathFinder


class PipFinder:
    directory = sys.argv.pop(1)

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return PathFinder.find_spec(name, [cls.directory], target) if name == "pip" else None


sys.meta_path.insert(0, PipFinder)
runpy.run_module("pip", run_name="__main__", alter_sys=True)
