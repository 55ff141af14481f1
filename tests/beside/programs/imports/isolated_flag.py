#!/usr/bin/env python3
# -I fixed at pack time.
# pack: --option=-I
# plain: -I
# env: PYTHONPATH=/nowhere
import sys

print(sys.flags, [path for path in sys.path if "nowhere" in path])
