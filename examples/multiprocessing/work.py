"""What the children do."""

import sys


def double(number: int) -> int:
    return 2 * number


def report(queue: object, text: str) -> None:
    queue.put(text)


if __name__ == "__main__":
    print(double(int(sys.argv[1])))
