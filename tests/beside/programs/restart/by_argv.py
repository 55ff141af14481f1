#!/usr/bin/env python3
# Replaces itself by sys.executable with sys.argv.
# args: one two
import os
import sys

print(len(sys.argv), sys.argv[1:], os.environ.get("AGAIN"), flush=True)
if "AGAIN" not in os.environ:
    os.environ["AGAIN"] = "1"
    os.execv(sys.executable, [sys.executable, *sys.argv])
