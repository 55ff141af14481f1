"""Greets whoever the arguments name."""

import sys


def main() -> None:
    who = " and ".join(sys.argv[1:]) or "world"
    major, minor, micro = sys.version_info[:3]
    print(f"hello, {who}, from Python {major}.{minor}.{micro}")


if __name__ == "__main__":
    main()
