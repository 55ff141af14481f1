#!/usr/bin/env python3
# PYTHONIOENCODING.
# env: PYTHONIOENCODING=latin-1:replace
import sys

print(sys.stdout.encoding, sys.stdout.errors, sys.stdin.encoding)
print("äöü €")
