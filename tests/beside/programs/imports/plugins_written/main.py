#!/usr/bin/env python3
# Modules that the program writes beside its code and imports.
import importlib
import os

import plugins

place = os.path.join(os.path.dirname(plugins.__file__), "added.py")
try:
    with open(place, "w") as file:
        file.write("NAME = __name__\n")
    importlib.invalidate_caches()
    import plugins.added

    print(plugins.added.NAME, plugins.added.__file__)
    import pkgutil

    print([module.name for module in pkgutil.iter_modules(plugins.__path__)])
finally:
    os.remove(place)
