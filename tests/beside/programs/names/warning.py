#!/usr/bin/env python3
# A warning names the line that caused it.
# as: script module console
import warnings


def outer():
    warnings.warn("old", DeprecationWarning, stacklevel=2)
    warnings.warn("too far", stacklevel=20)


def main():
    outer()
    warnings.warn_explicit("explicit", UserWarning, "some.py", 3)


if __name__ == "__main__":
    main()
