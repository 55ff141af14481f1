#!/usr/bin/env python3
# Variables that are not UTF-8, are given twice, or have no name.
# shell: env $'\xff=\xfe' $'A=1\n2' "$@"
import os

print(sorted(item for item in os.environb.items() if item[0][:1] in b"\xffA"))
