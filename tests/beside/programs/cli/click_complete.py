#!/usr/bin/env python3
# The script for completion in bash, and a completion.
# as: script console
# packages: cli
# shell: n=$(basename "$1"); v=_$(echo "$n" | tr a-z.- A-Z__)_COMPLETE; for k in $v ${v%_PY_COMPLETE}_COMPLETE; do env $k=bash_source "$@"; env COMP_WORDS="$n --co" COMP_CWORD=1 $k=bash_complete "$@"; done; echo $?
import click


@click.command()
@click.option("--count")
@click.option("--color", type=click.Choice(["red", "blue"]))
def main(count, color):
    print("ran")


if __name__ == "__main__":
    main()
