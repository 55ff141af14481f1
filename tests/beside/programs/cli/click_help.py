#!/usr/bin/env python3
# click's help of a group, with the program's name found from the stack.
# as: script module console
# args: --help
# packages: cli
import click


@click.group()
@click.version_option("1.2")
def main():
    """Several commands."""


@main.command()
def one():
    """The first."""


if __name__ == "__main__":
    main()
