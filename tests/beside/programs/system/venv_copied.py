#!/usr/bin/env python3
# A virtual environment with a copy of the interpreter.
import subprocess
import venv

venv.create("env", with_pip=False)
print(subprocess.run(["env/bin/python", "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True))
