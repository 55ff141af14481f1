"""Prints the directories of packages of the interpreter that runs it, as JSON; `site` is not run."""
import json
import os
import site

found = [site.getusersitepackages()] if os.environ.get("HOME") else []
found += site.getsitepackages()
unique = []
for path in map(os.path.realpath, found):
    if path not in unique and os.path.isdir(path):
        unique.append(path)
print(json.dumps({"sites": unique}))
