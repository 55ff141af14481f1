#!/usr/bin/env python3
# -m pytest in the working directory, with a conftest, a failure and plugins.
# packages: testing
import re
import subprocess
import sys

with open("conftest.py", "w") as file:
    file.write("import pytest\n@pytest.fixture\ndef one():\n    return 1\n")
with open("helper.py", "w") as file:
    file.write("X = 1\n")
with open("test_a.py", "w") as file:
    file.write("import helper, sys\ndef test_right(one):\n    assert one == helper.X\ndef test_wrong(one):\n    x = [one]\n    assert x == [2]\n")
done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], capture_output=True, text=True)
print(done.returncode, re.sub(r"in [0-9.]+s", "in T", done.stdout), done.stderr)
