#!/usr/bin/env python3
# unittest.mock of the program's own names.
# as: script module
from unittest import mock


def fetch():
    return "real"


def main():
    with mock.patch("__main__.fetch", return_value="mocked"):
        print(fetch())
    with mock.patch("os.getcwd", side_effect=OSError("no")):
        try:
            __import__("os").getcwd()
        except OSError as error:
            print(error)


if __name__ == "__main__":
    main()
