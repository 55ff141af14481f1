#!/usr/bin/env python3
# Chained exceptions with notes, and one that is suppressed.
# as: script module
def main():
    try:
        try:
            {}["missing"]
        except KeyError as error:
            raise ValueError("bad") from error
    except ValueError:
        raise RuntimeError("worse")


if __name__ == "__main__":
    main()
