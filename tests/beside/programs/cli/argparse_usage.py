#!/usr/bin/env python3
# argparse's name of the program.
# as: script module console
# args: --wrong
import argparse


def main():
    parser = argparse.ArgumentParser(description="Does things.")
    parser.add_argument("file")
    parser.add_argument("--level", type=int, default=3)
    print(parser.prog)
    parser.parse_args()


if __name__ == "__main__":
    main()
