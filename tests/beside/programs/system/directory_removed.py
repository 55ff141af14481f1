#!/usr/bin/env python3
# The working directory is gone.
# shell: mkdir gone; cd gone; rmdir ../gone; "$@"
import os
import sys

try:
    print(os.getcwd())
except OSError as error:
    print(type(error).__name__)
import colorsys

print(colorsys.__name__, sys.path[-1])
