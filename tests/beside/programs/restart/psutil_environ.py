#!/usr/bin/env python3
# Hands the environment that psutil sees to a child.
# packages: tools
# env: PYTHONPATH=/nowhere/lib
# env: PYTHONSTARTUP=/nowhere/start.py
# env: ODD=ü=1
import subprocess
import sys

import psutil

environment = psutil.Process().environ()
for name in sorted(environment):
    print(name, ascii(environment[name]))
code = "import os, sys; print(sorted(os.environ), sys.prefix)"
print(subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True))
