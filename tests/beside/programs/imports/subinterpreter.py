#!/usr/bin/env python3
# A subinterpreter imports, and sees the same path.
# python: 3.9-3.13
import sys

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
code = "import sys, json, decimal; print(len(sys.path) > 2, sys.prefix, sys.executable, json.dumps(1), 'site' in sys.modules)"
sys.stdout.flush()
interpreter = interpreters.create()
print(interpreters.run_string(interpreter, code))
