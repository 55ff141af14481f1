#!/usr/bin/env python3
# Standard input is closed.
# shell: "$@" <&-
import os
import sys

print(sys.stdin, sys.__stdin__)
with open("/dev/null") as file:
    print(file.fileno())
