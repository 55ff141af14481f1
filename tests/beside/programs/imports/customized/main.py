#!/usr/bin/env python3
# sitecustomize and usercustomize beside the program are not imported.
import sys

print("usercustomize" in sys.modules, "main" in sys.modules)
import usercustomize

print(usercustomize.NAME)
