#!/usr/bin/env python3
# Directories that the program puts on sys.path, in front and behind.
import os
import sys

os.mkdir("front")
for name in ("front/string.py", "front/beside_front.py"):
    with open(name, "w") as file:
        file.write("WHERE = 'front'\n")
sys.path.insert(0, os.path.abspath("front"))
sys.path.append("behind")
os.mkdir("behind")
with open("behind/beside_behind.py", "w") as file:
    file.write("WHERE = 'behind'\n")
import beside_behind
import beside_front
import string

print(beside_front.WHERE, beside_behind.WHERE, string.__file__, beside_behind.__file__)
del sys.modules["string"]
sys.path.pop(0)
import string

print(hasattr(string, "WHERE"))
