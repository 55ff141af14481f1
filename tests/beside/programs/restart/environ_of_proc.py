#!/usr/bin/env python3
# /proc/self/environ holds what os.environ does.
# env: PYTHONHASHSEED=7
# env: PYTHONDONTWRITEBYTECODE=1
# env: EMPTY=
# env: LAST=1
import os

with open("/proc/self/environ", "rb") as file:
    entries = [entry for entry in file.read().split(b"\0") if entry]
print(entries == [name + b"=" + value for name, value in os.environb.items()])
print([entry for entry in sorted(entries) if not entry.startswith(b"PYSHIP_")])
