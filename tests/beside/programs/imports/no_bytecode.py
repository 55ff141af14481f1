#!/usr/bin/env python3
# PYTHONDONTWRITEBYTECODE.
# env: PYTHONDONTWRITEBYTECODE=1
import os
import sys

with open("made.py", "w") as file:
    file.write("X = 1\n")
sys.path.insert(0, os.getcwd())
import made

print(sys.dont_write_bytecode, os.listdir("."), made.X)
