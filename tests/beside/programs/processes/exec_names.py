#!/usr/bin/env python3
# sys.executable under other names, through links and PATH.
import os
import subprocess
import sys

CODE = "import sys; print(sys.prefix, sys.path[-1])"


def run(*command, **how):
    done = subprocess.run([*command, "-c", CODE], capture_output=True, text=True, **how)
    print(done.returncode, done.stdout.strip(), done.stderr)


run("python3", executable=sys.executable)
environment = {**os.environ, "PATH": os.path.dirname(sys.executable)}
run("python3", env=environment)
run("python", env=environment)
os.symlink(sys.executable, "link")
run("./link")
print(sorted(name for name in os.listdir(os.path.dirname(sys.executable)) if name.startswith("python")))
