#!/usr/bin/env python3
# A child of the system sees the caller's environment.
# env: PYTHONPATH=/nowhere/lib
# env: LD_LIBRARY_PATH=
# env: PYTHONUNBUFFERED=1
import os
import subprocess

print(sorted(os.environ))
print(subprocess.run("env | sort", shell=True, capture_output=True, text=True).stdout)
