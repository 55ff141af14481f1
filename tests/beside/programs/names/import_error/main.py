#!/usr/bin/env python3
# A module that is missing, below one that exists.
try:
    import other.missing
except ImportError as error:
    print(repr(error), error.name, error.path)
from other import nothing
