#!/usr/bin/env python3
# typer's help with its options for completion.
# as: script module console
# args: --help
# env: COLUMNS=80
# packages: cli
import typer


def run(name: str = typer.Argument("you", help="Whom"), port: int = typer.Option(80, envvar="PORT")):
    """Runs."""


def main():
    typer.run(run)


if __name__ == "__main__":
    main()
