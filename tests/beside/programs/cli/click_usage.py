#!/usr/bin/env python3
# click's usage and error.
# as: script module console
# args: --frob
# packages: cli
import click


@click.command()
@click.option("--count", default=1, help="How often.")
@click.argument("name")
def main(count, name):
    """Greets NAME."""
    click.echo(f"hello {name}" * count)


if __name__ == "__main__":
    main()
