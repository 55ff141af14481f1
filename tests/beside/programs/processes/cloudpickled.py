#!/usr/bin/env python3
# cloudpickle of functions of __main__, loaded by a child.
# packages: parallel
import subprocess
import sys

import cloudpickle

FACTOR = 3


def times(x):
    return x * FACTOR


data = cloudpickle.dumps(times)
code = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read())(5))"
print(subprocess.run([sys.executable, "-c", code], input=data, capture_output=True))
