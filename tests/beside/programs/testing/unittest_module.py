#!/usr/bin/env python3
# -m unittest in the working directory.
import os
import re
import subprocess
import sys

os.mkdir("tests")
open("tests/__init__.py", "w").close()
with open("tests/test_a.py", "w") as file:
    file.write("import sys, unittest, helper\nclass T(unittest.TestCase):\n    def test(self): print(helper.X, sys.path[0])\n")
with open("helper.py", "w") as file:
    file.write("X = 'helper'\n")
for arguments in (["discover"], ["-v", "tests.test_a"], ["tests/test_a.py"], ["tests.nothing"]):
    done = subprocess.run([sys.executable, "-m", "unittest", *arguments], capture_output=True, text=True)
    print(done.returncode, done.stdout, re.sub(r"in [0-9.]+s", "in T", done.stderr))
