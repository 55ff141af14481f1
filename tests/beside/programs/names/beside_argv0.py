#!/usr/bin/env python3
# A program that takes the directory of argv[0] for that of its code.
import os
import sys

print(os.path.exists(os.path.join(os.path.dirname(sys.argv[0]), os.path.basename(__file__))))
print(os.path.realpath(sys.argv[0]) == os.path.realpath(__file__))
