#!/usr/bin/env python3
# Descriptors that the program is given, and those that are open.
# shell: "$@" 7</etc/hostname 9>nine; cat nine
import os

print(sorted(int(name) for name in os.listdir("/proc/self/fd"))[:-1])
os.write(9, b"written\n")
print(os.get_inheritable(9), len(os.read(7, 100)) > 0)
