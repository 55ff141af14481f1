#!/usr/bin/env python3
# pytest as a console script of the packed program's peer: a plugin by an entry point.
# packages: testing
import importlib.metadata
import subprocess
import sys

found = importlib.metadata.entry_points()
print(sorted({each.name for each in (found.select(group="pytest11") if hasattr(found, "select") else found["pytest11"])}))
print(subprocess.run([sys.executable, "-m", "pytest", "--version"], capture_output=True, text=True))
print(subprocess.run([sys.executable, "-m", "pytest", "--frob"], capture_output=True, text=True).stderr.splitlines()[:2])
