#!/usr/bin/env python3
# pytest.main of the program's own file.
# packages: testing
# shell: "$@" 2>&1 | sed 's/in [0-9.]*s/in T/; s/^=*//; s/=*$//; s/^rootdir.*//; s/^[^ ]*pytest_main\.py/pytest_main.py/; s/\[1..%\]//; s/ *$//'
import sys

import pytest


def test_right(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("X", "1")
    print("x")
    assert capsys.readouterr().out == "x\n"


def test_wrong():
    values = {"a": 1}
    assert values["a"] == 2


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir=.", __file__]))
