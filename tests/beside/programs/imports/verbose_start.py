#!/usr/bin/env python3
# PYTHONVERBOSE and PYTHONPROFILEIMPORTTIME name the program's imports.
# env: PYTHONPROFILEIMPORTTIME=1
# shell: "$@" 2>&1 | grep -E 'colorsys|done' | sed 's/^.*| *//'
import colorsys

print("done")
