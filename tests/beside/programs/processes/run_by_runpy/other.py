import sys

NAME = __name__
print(sys.argv[0], __spec__.name)
