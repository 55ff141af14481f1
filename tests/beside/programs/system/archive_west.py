#!/usr/bin/env python3
# shutil.make_archive of the program's code in time zones west of Greenwich.
# env: TZ=America/Los_Angeles
import os
import shutil
import zipfile

print(shutil.make_archive("out", "zip", os.path.dirname(os.path.abspath(__file__))))
print(sorted(name for name in zipfile.ZipFile("out.zip").namelist() if "pycache" not in name))
print(shutil.make_archive("out", "gztar", os.path.dirname(os.path.abspath(__file__))))
