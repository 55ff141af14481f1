import sys

if __name__ == "__main__":
    print("part", sys.argv, sys.path[0])
