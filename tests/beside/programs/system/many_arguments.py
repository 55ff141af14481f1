#!/usr/bin/env python3
# Long arguments and a large environment.
# shell: export BIG=$(head -c 100000 /dev/zero | tr '\0' x); "$@" $(seq 1 5000)
import os
import sys

print(len(sys.argv), len(os.environ["BIG"]), sys.argv[-1])
