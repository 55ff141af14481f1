#!/usr/bin/env python3
# py_compile, compileall and PYTHONPYCACHEPREFIX.
# env: PYTHONPYCACHEPREFIX=prefix
import compileall
import importlib
import os
import py_compile
import sys

with open("made.py", "w") as file:
    file.write("X = 1\n")
print(py_compile.compile("made.py"), sys.pycache_prefix, sys.dont_write_bytecode)
sys.path.insert(0, os.getcwd())
import made

print(made.__cached__, compileall.compile_dir("made.py", quiet=1), sorted(os.listdir(".")))
