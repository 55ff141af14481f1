"""Two commands; with `by-file` they start themselves again by their command line."""

import os
import sys


def show(name):
    if "by-file" in sys.argv[1:] and not os.environ.pop("AGAIN", None):
        os.environ["AGAIN"] = "1"
        cmdline = open("/proc/self/cmdline", "rb").read().split(b"\0")[:-1]
        os.execv(cmdline[0], cmdline)
    print(name, sys.argv[1:])


def alpha():
    show("alpha")


def beta():
    show("beta")
