#!/usr/bin/env python3
# typer's usage and error.
# as: script module console
# args: greet
# env: COLUMNS=80
# packages: cli
import typer

app = typer.Typer()


@app.command()
def greet(name: str, loud: bool = False):
    """Greets NAME."""
    print(name)


@app.command()
def leave():
    """Leaves."""


def main():
    app()


if __name__ == "__main__":
    main()
