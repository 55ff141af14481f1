#!/usr/bin/env python3
# preexec_fn, start_new_session and a working directory for a child.
import os
import subprocess
import sys

code = "import os; print(os.getcwd(), os.getsid(0) == os.getpid(), os.nice(0))"
print(subprocess.run([sys.executable, "-c", code], cwd="/", start_new_session=True, preexec_fn=lambda: os.nice(3), capture_output=True, text=True))
