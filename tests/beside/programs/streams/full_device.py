#!/usr/bin/env python3
# Standard output is a full device.
# shell: "$@" > /dev/full; echo $?
print("x" * 100)
