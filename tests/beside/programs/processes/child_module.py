#!/usr/bin/env python3
# sys.executable with -m, of a module in the working directory.
import subprocess
import sys

with open("beside_here.py", "w") as file:
    file.write("import sys\nprint(__name__, __file__, sys.path[0], sys.argv)\n")
print(subprocess.run([sys.executable, "-m", "beside_here", "1"], capture_output=True, text=True))
print(subprocess.run([sys.executable, "beside_here.py", "1"], capture_output=True, text=True))
print(subprocess.run([sys.executable, "-I", "-m", "beside_here"], capture_output=True, text=True))
print(subprocess.run([sys.executable, "-m", "json.tool"], input='{"a":1}', capture_output=True, text=True))
