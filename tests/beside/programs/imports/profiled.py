#!/usr/bin/env python3
# cProfile of a function and as a module.
import cProfile
import io
import pstats
import subprocess
import sys


def work():
    return sum(range(10))


profile = cProfile.Profile()
profile.runcall(work)
out = io.StringIO()
pstats.Stats(profile, stream=out).strip_dirs().sort_stats("name").print_stats()
print([line.split()[-1] for line in out.getvalue().splitlines() if "work" in line])
with open("s.py", "w") as file:
    file.write("print(__name__, __file__)\n")
print(subprocess.run([sys.executable, "-m", "cProfile", "-o", "out.prof", "s.py"], capture_output=True, text=True))
