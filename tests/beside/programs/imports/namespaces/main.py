#!/usr/bin/env python3
# A namespace package in two directories.
import os
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), "second"))
import space.one
import space.two
import space

print(list(space.__path__), space.__file__ if hasattr(space, "__file__") else "no file", space.__spec__.origin)
print(space.one.NAME, space.two.NAME, type(space.__loader__).__name__)
