#!/usr/bin/env python3
# importlib's lazy loader and find_spec.
import importlib.util
import sys

spec = importlib.util.find_spec("colorsys")
print(spec.origin, spec.cached is not None, spec.has_location, isinstance(spec.loader, importlib.machinery.SourceFileLoader))
loader = importlib.util.LazyLoader(spec.loader)
spec.loader = loader
module = importlib.util.module_from_spec(spec)
sys.modules["colorsys"] = module
loader.exec_module(module)
print(type(module).__name__, module.rgb_to_hsv(0, 0, 1), type(module).__name__)
print(importlib.util.find_spec("not.there") if False else importlib.util.find_spec("not_there"))
