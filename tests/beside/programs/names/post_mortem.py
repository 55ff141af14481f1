#!/usr/bin/env python3
# pdb after an exception.
# stdin: p value\nup\nq\n
import pdb
import sys


def fail():
    value = 42
    raise ValueError(value)


try:
    fail()
except ValueError:
    pdb.post_mortem(sys.exc_info()[2])
