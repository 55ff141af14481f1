#!/usr/bin/env python3
# Called through a link, through PATH and with a path that has odd characters.
# shell: mkdir "a b'c"; ln -s "$1" "a b'c/li nk.py"; "./a b'c/li nk.py" x; PATH="$PWD/a b'c:$PATH" "li nk.py" y
import os
import sys

print(os.path.basename(sys.argv[0]), sys.argv[1:], os.path.basename(os.path.realpath(__file__)))
