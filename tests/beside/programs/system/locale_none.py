#!/usr/bin/env python3
# Without any variable of the locale.
# shell: env -u LANG "$@"
import locale
import os
import subprocess
import sys

print(os.environ.get("LC_CTYPE"), sys.flags.utf8_mode, sys.stdout.encoding, locale.getlocale())
print(subprocess.run("echo ${LC_CTYPE-unset}", shell=True, capture_output=True, text=True).stdout)
