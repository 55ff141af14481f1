#!/usr/bin/env python3
# -O fixed at pack time.
# pack: --option=-O
# plain: -O
import sys

assert False
print(sys.flags.optimize, __debug__)
import colorsys

print(colorsys.__cached__.endswith(".opt-1.pyc"), colorsys.rgb_to_hsv.__doc__)
