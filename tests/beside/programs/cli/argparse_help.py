#!/usr/bin/env python3
# argparse's help with subcommands.
# as: script module console
# args: run --help
import argparse


def main():
    parser = argparse.ArgumentParser()
    sub = parser.add_subparsers(dest="command", required=True)
    run = sub.add_parser("run", help="run it")
    run.add_argument("--now", action="store_true")
    parser.parse_args()


if __name__ == "__main__":
    main()
