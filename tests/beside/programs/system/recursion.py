#!/usr/bin/env python3
# Recursion without end.
# shell: "$@" 2>&1 | tail -1; echo ${PIPESTATUS[0]}
import sys


def f(n):
    return f(n + 1)


sys.setrecursionlimit(500)
f(0)
