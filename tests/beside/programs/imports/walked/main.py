#!/usr/bin/env python3
# pkgutil over the program's packages and the standard library.
import pkgutil

import pack

print([(module.name, module.ispkg) for module in pkgutil.walk_packages(pack.__path__, "pack.")])
names = {module.name for module in pkgutil.iter_modules()}
print(sorted(names & {"pack", "json", "os", "main", "abc", "math"}))
print(pkgutil.resolve_name("pack.sub:VALUE"), pkgutil.get_loader("pack").name if hasattr(pkgutil, "get_loader") else "pack")
