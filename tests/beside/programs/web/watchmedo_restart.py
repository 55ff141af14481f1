#!/usr/bin/env python3
# watchdog's command that starts a program.
# packages: tools
import subprocess
import sys

command = [sys.executable, "-m", "watchdog.watchmedo", "--version"]
print(subprocess.run(command, capture_output=True, text=True))
