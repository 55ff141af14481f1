#!/usr/bin/env python3
# What the streams are when they are pipes, and with PYTHONUNBUFFERED.
# env: PYTHONUNBUFFERED=1
import sys

for stream in (sys.stdin, sys.stdout, sys.stderr):
    print(stream.encoding, stream.errors, stream.line_buffering, stream.isatty(), stream.name, stream.mode)
print(sys.stdout.write_through, sys.flags.unbuffered)
