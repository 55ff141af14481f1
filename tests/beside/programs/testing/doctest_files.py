#!/usr/bin/env python3
# doctest of a file and as a module.
import doctest
import subprocess
import sys

with open("text.txt", "w") as file:
    file.write(">>> 1 + 1\n2\n>>> 1\n2\n")
print(doctest.testfile("text.txt", module_relative=False))
with open("mod.py", "w") as file:
    file.write('"""\n>>> __name__\n\'mod\'\n"""\n')
print(subprocess.run([sys.executable, "-m", "doctest", "-v", "mod.py"], capture_output=True, text=True).stdout.splitlines()[-3:])
