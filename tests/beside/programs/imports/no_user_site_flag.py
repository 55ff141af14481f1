#!/usr/bin/env python3
# -s fixed at pack time.
# pack: --option=-s
# plain: -s
# env: PYTHONPATH=/nowhere
import sys

print(sys.flags, [path for path in sys.path if "nowhere" in path])
