#!/usr/bin/env python3
# What __main__ looks like.
# as: script module console
import importlib.machinery
import sys


def main():
    module = sys.modules["__main__"]
    for name in sorted(vars(module)):
        if name.startswith("__") and name not in ("__builtins__", "__loader__", "__spec__"):
            print(name, vars(module)[name])
    print(isinstance(module.__loader__, importlib.machinery.SourceFileLoader), type(module.__builtins__))
    spec = module.__spec__
    print(spec and (spec.name, spec.origin, spec.parent, spec.has_location, spec.submodule_search_locations))
    print(module.__loader__.get_filename(module.__loader__.name))


if __name__ == "__main__":
    main()
