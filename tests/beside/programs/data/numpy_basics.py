#!/usr/bin/env python3
# numpy's file, configuration and a pickled array through a child.
# packages: data
import pickle
import subprocess
import sys

import numpy

print(numpy.__file__, numpy.arange(6).reshape(2, 3).sum(axis=0), numpy.get_include())
code = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read()).sum())"
print(subprocess.run([sys.executable, "-c", code], input=pickle.dumps(numpy.ones(4)), capture_output=True))
