# Lets `python3 FILE ARGUMENTS` start a packed file: the file is a program, and this execs it.

import os
import sys
import zipfile

path = os.path.abspath(__loader__.archive)
environment = dict(os.environ)
# The interpreter of a packed app runs it: a program starts itself again, by `sys.argv`.
if os.path.exists(os.path.join(sys.prefix, "launch")):
    environment.setdefault("PYSHIP", "restart")
try:
    # Nothing has compared what runs here with its checksum yet.
    with zipfile.ZipFile(path) as archive:
        archive.read("__main__.py")
    os.execve(path, [path, *sys.argv[1:]], environment)
except zipfile.BadZipFile as error:
    sys.stderr.write(f"pyship: failed to start `{path}`: {error}\n")
    sys.stderr.write("hint: the file is damaged or incomplete: copy it again\n")
    sys.exit(125)
except OSError as error:
    sys.stderr.write(f"pyship: failed to start `{path}`: {error.strerror}\n")
    if not os.access(path, os.X_OK):
        sys.stderr.write(f"hint: chmod +x '{path}'\n")
    sys.exit(125)
