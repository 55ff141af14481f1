"""Runs the pip in the directory argv[1] with an interpreter that has no pip.

Only `pip` itself is imported from there: other packages beside it can't be seen, so pip finds an empty environment
and installs everything that was requested.
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
