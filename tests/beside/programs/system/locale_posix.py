#!/usr/bin/env python3
# LC_ALL=POSIX, and a name that is not UTF-8.
# env: LC_ALL=POSIX
import os
import sys

open(b"\xff\xfe", "w").close()
print(ascii(os.listdir(".")), sys.stdin.errors, sys.stdout.errors, os.environ.get("LC_CTYPE"))
