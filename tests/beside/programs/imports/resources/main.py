#!/usr/bin/env python3
# importlib.resources and pkgutil of data in packages.
# python: 3.9-3.99
import importlib.resources
import pkgutil

import pack

print(importlib.resources.files("pack").joinpath("data.txt").read_text())
with importlib.resources.as_file(importlib.resources.files(pack) / "sub" / "more.bin") as path:
    print(path, path.read_bytes())
print(pkgutil.get_data("pack", "data.txt"))
print(sorted(each.name for each in importlib.resources.files("pack").iterdir() if each.name != "__pycache__"))
print(pack.__loader__.get_data(pack.__file__))
reader = pack.__loader__.get_resource_reader("pack")
print(sorted(name for name in reader.contents() if name != "__pycache__"))
