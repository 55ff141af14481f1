#!/usr/bin/env python3
# Lines of .pth files have been run before the program.
# packages: setup
import os
import site
import sys

print(sorted(name for name in os.listdir(site.getsitepackages()[0]) if name.endswith(".pth") and "pyship" not in name))
print("site" in sys.modules, site.ENABLE_USER_SITE, type(site).__name__)
