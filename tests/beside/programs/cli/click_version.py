#!/usr/bin/env python3
# click's version from the metadata of a package.
# as: script console
# args: --version
# packages: cli
import click


@click.command()
@click.version_option(package_name="click")
def main():
    pass


if __name__ == "__main__":
    main()
