#!/usr/bin/env python3
# sys.executable with -c and each of the options that change the path.
import os
import subprocess
import sys

CODE = "import sys; print([p.replace(sys.prefix, 'PREFIX') for p in sys.path if p != %r], sys.flags[:], sys.argv, sys.prefix)"
CODE %= os.path.dirname(os.path.abspath(__file__))
for options in ([], ["-I"], ["-S"], ["-E"], ["-s"], ["-B", "-u"], ["-X", "utf8"], ["-I", "-S"], ["-O"], ["-q", "-b"]):
    done = subprocess.run([sys.executable, *options, "-c", CODE, "x"], capture_output=True, text=True)
    print(options, done.returncode, done.stdout, done.stderr)
