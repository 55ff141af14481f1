#!/usr/bin/env python3
# sys.stdlib_module_names, and that what is named there and usual can be imported.
# python: 3.10-3.99
import importlib
import sys

LEFT_OUT = {"idlelib", "turtledemo", "ensurepip", "lib2to3", "antigravity", "this", "tkinter", "_tkinter", "turtle", "nis", "test"}
wrong = []
for name in sorted(sys.stdlib_module_names - LEFT_OUT):
    if name.startswith("_"):
        continue
    try:
        importlib.import_module(name)
    except ImportError as error:
        wrong.append((name, str(error)))
    except Exception as error:
        wrong.append((name, repr(error)))
print(len(sys.stdlib_module_names), wrong)
