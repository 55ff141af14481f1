#!/usr/bin/env python3
# A child with a PYTHONPATH from the program.
import os
import subprocess
import sys

os.mkdir("lib")
with open("lib/beside_extra.py", "w") as file:
    file.write("print('extra', __file__)\n")
environment = {**os.environ, "PYTHONPATH": os.path.abspath("lib")}
print(subprocess.run([sys.executable, "-c", "import beside_extra"], env=environment, capture_output=True, text=True))
print(subprocess.run([sys.executable, "-m", "beside_extra"], env=environment, capture_output=True, text=True))
