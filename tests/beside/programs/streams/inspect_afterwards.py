#!/usr/bin/env python3
# PYTHONINSPECT opens a prompt when the program has ended.
# env: PYTHONINSPECT=1
# env: PYTHON_BASIC_REPL=1
# stdin: value\nimport sys\nsys.argv[1:]\n__name__\n
# args: a
value = 42
print("program")
