#!/usr/bin/env python3
# doctest of the main module.
# as: script module
"""
>>> double(2)
4
>>> double(3)
7
"""


def double(x):
    """Doubles.

    >>> double("a")
    'aa'
    """
    return x * 2


def main():
    import doctest

    print(doctest.testmod())


if __name__ == "__main__":
    main()
