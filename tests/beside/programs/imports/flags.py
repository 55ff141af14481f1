#!/usr/bin/env python3
# sys.flags, implementation, version.
# as: script module console
import sys


def main():
    print(sys.flags, sys.warnoptions, sys._xoptions, sys.dont_write_bytecode, sys.flags.hash_randomization)
    print(sys.version, sys.implementation.cache_tag, sys.platform, sys.hexversion, sys.byteorder)
    print(sys.float_repr_style, sys.getrecursionlimit(), sys.getswitchinterval(), sys.getfilesystemencoding())


if __name__ == "__main__":
    main()
