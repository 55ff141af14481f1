#!/usr/bin/env python3
# A zip of a module of the standard library.
# env: TZ=Pacific/Kiritimati
import json
import os
import shutil
import zipfile

shutil.copytree(os.path.dirname(json.__file__), "copy", ignore=shutil.ignore_patterns("__pycache__"))
with zipfile.PyZipFile("out.zip", "w") as archive:
    archive.writepy("copy")
print(sorted(zipfile.ZipFile("out.zip").namelist()))
