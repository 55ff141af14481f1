#!/usr/bin/env python3
# Standard error is closed and an exception is raised.
# shell: "$@" 2>&-; echo $?
import sys

print(sys.stderr)
raise SystemExit("text")
