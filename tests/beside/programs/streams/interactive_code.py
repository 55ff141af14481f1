#!/usr/bin/env python3
# code.interact with commands on standard input.
# stdin: 1 + 1\nimport sys; sys.ps1\n1 / 0\nexit()\n
import code

value = 3
try:
    code.interact("welcome", local={"value": value}, exitmsg="bye")
except SystemExit as error:
    print("exit", error.code)
