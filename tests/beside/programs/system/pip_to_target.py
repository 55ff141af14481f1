#!/usr/bin/env python3
# pip installs a wheel into a directory of the program's.
# packages: pip
import os
import subprocess
import sys
import zipfile

with zipfile.ZipFile("apart-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("apart.py", "X = 'apart'\n")
    wheel.writestr("apart-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: apart\nVersion: 1.0\n")
    wheel.writestr("apart-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("apart-1.0.dist-info/RECORD", "")
command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-index", "--target", "plugins"]
done = subprocess.run([*command, "--root-user-action=ignore", "apart-1.0-py3-none-any.whl"], capture_output=True, text=True)
print(done.returncode, done.stdout, done.stderr)
sys.path.append(os.path.abspath("plugins"))
import apart

print(apart.X, apart.__file__)
