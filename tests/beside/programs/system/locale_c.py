#!/usr/bin/env python3
# LC_ALL=C.
# env: LC_ALL=C
import locale
import sys

print(sys.stdout.encoding, sys.getfilesystemencoding(), locale.getpreferredencoding(False), sys.flags.utf8_mode)
print(locale.setlocale(locale.LC_ALL), "äöü")
