"""Lets `python3 FILE ARGUMENTS` start a packed file: the file is a program, and this execs it."""

import os
import sys

path = os.path.abspath(__loader__.archive)
try:
    os.execv(path, [path, *sys.argv[1:]])
except OSError as error:
    sys.stderr.write(f"pyship: failed to start `{path}`: {error.strerror}\n")
    if not os.access(path, os.X_OK):
        sys.stderr.write(f"hint: chmod +x '{path}'\n")
    sys.exit(125)
