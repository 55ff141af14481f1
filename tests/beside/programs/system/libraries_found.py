#!/usr/bin/env python3
# ctypes finds libraries of the system.
import ctypes
import ctypes.util

for name in ("c", "m", "z", "not-there"):
    print(name, ctypes.util.find_library(name))
print(ctypes.CDLL(None).getpid() > 0, ctypes.pythonapi.Py_IsInitialized())
