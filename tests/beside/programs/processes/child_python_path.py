#!/usr/bin/env python3
# The caller's PYTHONPATH counts for children.
# env: PYTHONPATH=/nowhere/one:/nowhere/two
import os
import subprocess
import sys

print(os.environ["PYTHONPATH"])
code = "import sys, os; print([path for path in sys.path if 'nowhere' in path], os.environ['PYTHONPATH'])"
print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
print(subprocess.run([sys.executable, "-E", "-c", code], capture_output=True, text=True).stdout)
