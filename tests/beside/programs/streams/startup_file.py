#!/usr/bin/env python3
# PYTHONSTARTUP is for prompts only.
# env: PYTHONSTARTUP=/nowhere/startup.py
import os
import subprocess
import sys

print(os.environ["PYTHONSTARTUP"])
with open("startup.py", "w") as file:
    file.write("print('startup runs')\n")
environment = {**os.environ, "PYTHONSTARTUP": "startup.py", "PYTHON_BASIC_REPL": "1"}
print(subprocess.run([sys.executable, "-i", "-q"], input="1+1\n", env=environment, capture_output=True, text=True))
