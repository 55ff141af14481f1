#!/usr/bin/env python3
# Changes of os.environ reach C and children.
import ctypes
import os
import subprocess

os.environ["NEW"] = "1"
os.environ.pop("TERM")
os.putenv("DIRECT", "2")
libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
print(libc.getenv(b"NEW"), libc.getenv(b"TERM"), libc.getenv(b"DIRECT"), libc.getenv(b"PYTHONHOME"), libc.getenv(b"PYTHONPATH"))
print(subprocess.run("echo $NEW $TERM $DIRECT", shell=True, capture_output=True, text=True).stdout)
