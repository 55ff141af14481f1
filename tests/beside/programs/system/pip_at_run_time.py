#!/usr/bin/env python3
# pip installs a wheel of the program's while that runs.
# packages: pip
import importlib
import subprocess
import sys
import zipfile

with zipfile.ZipFile("later-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("later.py", "X = 'later'\n")
    wheel.writestr("later-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: later\nVersion: 1.0\n")
    wheel.writestr("later-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("later-1.0.dist-info/RECORD", "")
pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
try:
    done = subprocess.run([*pip, "install", "--no-index", "--root-user-action=ignore", "later-1.0-py3-none-any.whl"], capture_output=True, text=True)
    print(done.returncode, done.stdout.splitlines()[-1:], done.stderr)
    importlib.invalidate_caches()
    import later

    print(later.X)
    print(subprocess.run([sys.executable, "-c", "import later; print(later.X)"], capture_output=True, text=True).stdout)
finally:
    print(subprocess.run([*pip, "uninstall", "-y", "--root-user-action=ignore", "later"], capture_output=True, text=True).returncode)
