#!/usr/bin/env python3
# Development mode shows what is left open.
# pack: --option=-Xdev
# plain: -Xdev
# shell: "$@" 2>&1 | sed 's/^sys:1: //'
import sys

print(sys.flags.dev_mode, sys.warnoptions)
open("/etc/hostname")
