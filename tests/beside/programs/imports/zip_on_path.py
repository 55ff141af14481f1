#!/usr/bin/env python3
# A zip archive on sys.path.
import os
import sys
import zipfile

with zipfile.ZipFile("lib.zip", "w") as archive:
    archive.writestr("zipped/__init__.py", "import pkgutil\nDATA = pkgutil.get_data(__name__, 'data.txt')\n")
    archive.writestr("zipped/data.txt", "in the archive")
sys.path.insert(0, "lib.zip")
import zipped

print(zipped.DATA, zipped.__file__, type(zipped.__loader__).__name__)
