"""`shop.till:main`, `shop.till:Till.open`"""

import sys


def main():
    print("function", __name__, sys.argv[1:])
    return 3


class Till:
    @staticmethod
    def open():
        print("method", sys.argv[1:])
