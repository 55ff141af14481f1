#!/usr/bin/env python3
# What pip says of itself and of what is installed.
# packages: pip
import subprocess
import sys

for arguments in (["--version"], ["list", "--format=freeze"], ["check"]):
    done = subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments], capture_output=True, text=True)
    # Another program of the corpus installs something at the same time.
    print(done.returncode, *(line for line in done.stdout.splitlines() if "later" not in line), done.stderr, sep="\n")
