#!/usr/bin/env python3
# pdb runs the program itself.
import subprocess
import sys

if len(sys.argv) == 1:
    command = [sys.executable, "-m", "pdb", "-c", "c", "-c", "q", __file__, "again"]
    done = subprocess.run(command, input="", capture_output=True, text=True)
    print(done.returncode, done.stdout, done.stderr)
else:
    print("inside", sys.argv[1:], __name__)
