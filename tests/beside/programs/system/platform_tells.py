#!/usr/bin/env python3
# What platform says.
import platform

print(platform.python_version(), platform.python_implementation(), platform.libc_ver()[0], platform.architecture()[0])
print(platform.python_build(), platform.python_compiler(), platform.machine())
