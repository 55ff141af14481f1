#!/usr/bin/env python3
# runpy of a path, a module and a package of the program.
import runpy
import sys

for result in (runpy.run_module("other"), runpy.run_module("other", run_name="__main__", alter_sys=True)):
    print(result["__name__"], result["__file__"], result["NAME"])
print(runpy.run_module("pack")["__package__"])
with open("script.py", "w") as file:
    file.write("import sys\nprint(sys.argv[0], __name__, __file__)\n")
print(sorted(runpy.run_path("script.py", {"given": 1}))[:4])
