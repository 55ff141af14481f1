#!/usr/bin/env python3
# sys.path of sys.executable with -P.
# python: 3.11-3.99
import subprocess
import sys

print(*eval(subprocess.run([sys.executable, "-P", "-c", "import sys; print(sys.path)"], stdout=subprocess.PIPE).stdout), sep="\n")
