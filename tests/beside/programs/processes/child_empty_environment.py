#!/usr/bin/env python3
# A child without any environment.
import subprocess
import sys

code = "import sys, os; print(sys.prefix, sys.path[:-1][:3], sys.path[-1], dict(os.environ), sys.flags.utf8_mode)"
print(subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True))
