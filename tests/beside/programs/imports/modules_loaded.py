#!/usr/bin/env python3
# What has been imported before the first line.
# as: script module
import sys


def main():
    loaded = set(sys.modules)
    print(sorted(loaded & {"os", "site", "codecs", "io", "abc", "encodings", "encodings.utf_8", "encodings.aliases", "zipimport"}))
    print(sorted(name for name in loaded if "pyship" in name))
    print(type(sys.modules["site"]), sys.modules["site"].__file__)


if __name__ == "__main__":
    main()
