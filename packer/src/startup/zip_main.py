"""Lets `python3 FILE ARGUMENTS` start a packed file: the file is a program, and this execs it."""

import os
import sys

path = os.path.abspath(__loader__.archive)
environment = dict(os.environ)
# The interpreter of a packed app runs it: a program starts itself again, by `sys.argv`.
if os.path.exists(os.path.join(sys.prefix, "launch")):
    environment.setdefault("PYSHIP", "restart")
try:
    os.execve(path, [path, *sys.argv[1:]], environment)
except OSError as error:
    sys.stderr.write(f"pyship: failed to start `{path}`: {error.strerror}\n")
    if not os.access(path, os.X_OK):
        sys.stderr.write(f"hint: chmod +x '{path}'\n")
    sys.exit(125)
