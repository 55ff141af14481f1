#!/usr/bin/env python3
# rich as the hook for exceptions.
# packages: cli
# env: COLUMNS=300
# shell: "$@" 2>&1 | tr -s ' ─'; echo ${PIPESTATUS[0]}
from rich.traceback import install

install(width=300)


def fail():
    raise ValueError("no")


fail()
