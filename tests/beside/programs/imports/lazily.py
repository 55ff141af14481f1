#!/usr/bin/env python3
# Lazy imports: what is loaded when, and what fails when.
# python: 3.15-3.99
import sys

lazy import json.tool
lazy import nothing_of_the_kind
lazy from email import message, parser as mail

print("json" in sys.modules, "email" in sys.modules, sorted(globals()))
print(json.tool.__file__, message.Message.__module__, mail.Parser.__name__, "json" in sys.modules)
print(type(json.__loader__), type(json.__spec__.loader))
sys.set_lazy_imports("all")
import colorsys

print("colorsys" in sys.modules, colorsys.__name__, "colorsys" in sys.modules)
try:
    nothing_of_the_kind
except ImportError as error:
    print(repr(error), repr(error.__cause__))
exit("lazily")
