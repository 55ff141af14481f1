#!/usr/bin/env python3
# The program itself asks for a prompt at its end.
# env: PYTHON_BASIC_REPL=1
# stdin: value + 1\n
import os

value = 42
os.environ["PYTHONINSPECT"] = "1"
print("program")
