#!/usr/bin/env python3
# The interpreter's options are kept over a restart.
# as: script
# pack: --option=-Xutf8 --option=-Walways --option=-B
# plain: -Xutf8 -Walways -B
# args: 1
# env: LC_ALL=C
# python: 3.10-3.99
import os
import sys

print(sys.flags, sys.warnoptions, sys._xoptions, sys.argv[1:], sys.orig_argv[1:-2], flush=True)
if "AGAIN" not in os.environ:
    os.environ["AGAIN"] = "1"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
