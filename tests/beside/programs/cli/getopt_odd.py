#!/usr/bin/env python3
# Arguments that are not UTF-8.
# shell: "$@" $'\xff\xfe' $'a\nb'
import os
import sys

print([os.fsencode(argument) for argument in sys.argv[1:]])
