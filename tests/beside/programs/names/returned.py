#!/usr/bin/env python3
# What main returns is the exit code of a console script.
# as: console module
def main():
    return 7


if __name__ == "__main__":
    main()
