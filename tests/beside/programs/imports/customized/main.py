#!/usr/bin/env python3
# sitecustomize and usercustomize beside the program are not imported.
import sys

print("sitecustomize" in sys.modules, "usercustomize" in sys.modules)
import usercustomize

print(usercustomize.NAME)
