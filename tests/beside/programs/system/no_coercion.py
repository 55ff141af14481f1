#!/usr/bin/env python3
# PYTHONCOERCECLOCALE=0 and PYTHONUTF8=0 in the C locale.
# env: LC_ALL=C
# env: PYTHONCOERCECLOCALE=0
# env: PYTHONUTF8=0
import sys

print(sys.stdout.encoding, sys.getfilesystemencoding(), sys.flags.utf8_mode, ascii(sys.argv[1:]))
print("ä".encode(sys.stdout.encoding, "backslashreplace"))
