"""Compares bytecode in a packed file with what its interpreter makes of the sources: bytecode.py EVERY DIRECTORY

pyship writes marshalled code in a form of its own (`packer/src/bytecode/normalize.rs`); what is loaded must be equal. EVERY
is 1 for all modules, 5 for each fifth. Ends with 1 and the names of those that differ.
"""

import importlib.util
import marshal
import os
import sys
import types
import warnings


def main():
    every, directory = int(sys.argv[1]), sys.argv[2]
    warnings.simplefilter("ignore")
    compared, wrong = 0, []
    for path in sources(directory)[::every]:
        with open(importlib.util.cache_from_source(path), "rb") as file:
            packed = file.read()
        with open(path, "rb") as file:
            source = file.read()
        code = compile(source, "", "exec", dont_inherit=True, optimize=0)
        whole = packed[:4] == importlib.util.MAGIC_NUMBER and packed[8:16] == importlib.util.source_hash(source)
        if not whole or not is_equal(marshal.loads(packed[16:]), code):
            wrong.append(path)
        compared += 1
    print(f"bytecode of {compared} modules is compared, {len(wrong)} differ")
    print(*(f"  {path}" for path in wrong), sep="\n")
    sys.exit(bool(wrong) or not compared)


def is_equal(code, other):
    """Whether all of two code objects is equal but the names of their files."""
    # A constant that is no number equals nothing: its module differs from itself, and is compared part by part.
    return code == other or parts(code) == parts(other)


def parts(value):
    """What equals that of another value when both have the same types and bits."""
    if isinstance(value, types.CodeType):
        names = [name for name in dir(value) if name.startswith("co_") and name != "co_filename"]
        return [(name, parts(getattr(value, name))) for name in names if not callable(getattr(value, name))]
    if isinstance(value, tuple):
        return [parts(part) for part in value]
    if isinstance(value, frozenset):
        return sorted(repr(parts(part)) for part in value)
    # The sign of a zero shows as well.
    return type(value), repr(value)


def sources(directory):
    """Every source below it that has bytecode."""
    found = []
    for place, _, files in os.walk(directory):
        names = [os.path.join(place, name) for name in files if name.endswith(".py")]
        found += [path for path in names if os.path.exists(importlib.util.cache_from_source(path))]
    return sorted(found)


if __name__ == "__main__":
    main()
