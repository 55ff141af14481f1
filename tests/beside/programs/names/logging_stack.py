#!/usr/bin/env python3
# logging with stack information and the caller's place.
# as: script module console
import logging


def main():
    logging.basicConfig(format="%(pathname)s:%(lineno)d %(module)s %(funcName)s %(processName)s %(name)s %(message)s")
    logging.warning("hello", stack_info=True)
    try:
        1 / 0
    except ZeroDivisionError:
        logging.exception("failed")


if __name__ == "__main__":
    main()
