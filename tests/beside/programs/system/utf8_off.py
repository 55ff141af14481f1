#!/usr/bin/env python3
# A locale that doesn't exist.
# env: LC_ALL=xx_YY.ISO-8859-1
import locale
import sys

print(sys.stdout.encoding, sys.getfilesystemencoding())
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error as error:
    print(error)
