#!/usr/bin/env python3
# The files of a package, as pip and importlib.metadata list them.
# packages: pip
import importlib.metadata
import subprocess
import sys

command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "show", "-f", "tomli"]
done = subprocess.run(command, capture_output=True, text=True)
print(done.returncode, done.stdout.replace("  tomli-2.2.1.dist-info/REQUESTED\n", ""), done.stderr)
print(sorted(str(file) for file in importlib.metadata.files("tomli") if file.suffix == ".py"))
