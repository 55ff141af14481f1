#!/usr/bin/env python3
# Modules and files with names beyond ASCII.
import os

import größe

print(größe.WERT, os.path.basename(größe.__file__), sorted(os.listdir(os.path.dirname(__file__)), key=ascii)[-1])
