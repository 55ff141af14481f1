#!/usr/bin/env python3
# zipapp of files of its own, run by sys.executable.
import os
import subprocess
import sys
import zipapp

os.mkdir("src")
with open("src/__main__.py", "w") as file:
    file.write("import sys\nprint('zipped', sys.argv, __file__)\n")
zipapp.create_archive("src", "app.pyz", interpreter=sys.executable, compressed=True)
print(subprocess.run([sys.executable, "app.pyz", "1"], capture_output=True, text=True))
print(subprocess.run(["./app.pyz", "2"], capture_output=True, text=True))
