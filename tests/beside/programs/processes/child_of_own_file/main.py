#!/usr/bin/env python3
# sys.executable with the program's own modules.
import subprocess
import sys

import part

run = lambda *command, **how: print(subprocess.run([sys.executable, *command], capture_output=True, text=True, **how))
run(part.__file__, "1")
run(__file__, "--child") if "--child" not in sys.argv else print("is a child", sys.path[0])
