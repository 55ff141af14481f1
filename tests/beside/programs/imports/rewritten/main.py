#!/usr/bin/env python3
# A module that the program writes anew and reloads.
import importlib
import os
import subprocess
import sys

import config

print(config.VALUE)
before = open(config.__file__).read()
try:
    with open(config.__file__, "w") as file:
        file.write("VALUE = 'changed by the program'\n")
    importlib.invalidate_caches()
    print(importlib.reload(config).VALUE)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import config; print(config.VALUE)"
    print(subprocess.run([sys.executable, "-c", code, os.path.dirname(config.__file__)], capture_output=True, text=True))
finally:
    with open(config.__file__, "w") as file:
        file.write(before)
