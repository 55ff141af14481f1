import os
import sys


def describe():
    return sys.path, sys.argv, sys.executable, sys.prefix, os.getcwd(), sorted(sys.modules["__main__"].__dict__)[:5]
