#!/usr/bin/env python3
# A virtual environment made by the program, and what runs in it.
import subprocess
import sys
import venv

venv.create("env", with_pip=False, symlinks=True)
code = "import sys, json, ssl; print(sys.prefix, sys.prefix != sys.base_prefix, len(sys.path))"
print(subprocess.run(["env/bin/python", "-c", code], capture_output=True, text=True))
print(subprocess.run([sys.executable, "-m", "venv", "--without-pip", "second"], capture_output=True, text=True))
print(subprocess.run(["second/bin/python3", "-I", "-c", code], capture_output=True, text=True))
