#!/usr/bin/env python3
# A process runs a file in a child of its own by sys.remote_exec.
# python: 3.14-3.99
import os
import subprocess
import sys
import time

if sys.argv[1:]:
    os.write(1, b"ready\n")
    for _ in range(1000):
        if os.path.exists("done"):
            break
        time.sleep(0.02)
    sys.exit("ended")
with open("remote.py", "w") as file:
    # It may run in the middle of a `print` of the child.
    file.write("import __main__, os, sys\nos.write(1, f'{__main__.__file__} {sys.prefix}\\n'.encode())\nopen('done', 'w').close()\n")
child = subprocess.Popen([sys.executable, __file__, "child"], stdout=subprocess.PIPE, text=True)
print(child.stdout.readline(), end="")
try:
    sys.remote_exec(child.pid, os.path.abspath("remote.py"))
except PermissionError:
    # A kernel that lets nobody look at other processes.
    print("not permitted")
    open("done", "w").close()
print(child.stdout.read(), child.wait())
