#!/usr/bin/env python3
# A child of the system with the caller's PYTHONHOME.
# env: PYTHONHOME_NOT=1
import os
import subprocess

print(sorted(name for name in os.environ if name.startswith("PYTHON")))
print(subprocess.run(["sh", "-c", "echo ${PYTHONHOME-none} ${PYTHONPATH-none}"], capture_output=True, text=True).stdout)
