#!/usr/bin/env python3
# typer shows its script for completion.
# as: script console
# packages: cli
# shell: "$@" --show-completion bash; echo $?; n=$(basename "$1"); v=_$(echo "$n" | tr a-z.- A-Z__)_COMPLETE; env COMP_WORDS="$n --na" COMP_CWORD=1 $v=complete_bash "$@"; echo $?
import typer

app = typer.Typer()


@app.command()
def run(name: str = "x", number: int = 1):
    """Runs."""


def main():
    app()


if __name__ == "__main__":
    main()
