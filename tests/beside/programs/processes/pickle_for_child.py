#!/usr/bin/env python3
# An object of __main__ pickled for another process that runs the same file.
import pickle
import subprocess
import sys


class Thing:
    value = 1


if len(sys.argv) > 1:
    print("child", pickle.loads(sys.stdin.buffer.read()).value)
else:
    subprocess.run([sys.executable, __file__, "child"], input=pickle.dumps(Thing()), check=True)
