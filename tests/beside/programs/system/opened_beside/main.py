#!/usr/bin/env python3
# Files beside the code: modes, links, empty directories.
import os
import stat

here = os.path.dirname(os.path.abspath(__file__))
for name in ("run.sh", "text.txt"):
    info = os.stat(os.path.join(here, name))
    print(name, stat.filemode(info.st_mode), info.st_size)
print(os.popen(os.path.join(here, "run.sh")).read())
