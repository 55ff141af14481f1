#!/usr/bin/env python3
# unittest of the main module.
# as: script module
# shell: "$@" 2>&1 | sed 's/in [0-9.]*s/in T/'
import unittest


class Tests(unittest.TestCase):
    def test_right(self):
        self.assertEqual(1, 1)

    def test_wrong(self):
        self.assertEqual(1, 2)

    @unittest.skip("skipped")
    def test_skipped(self):
        pass


def main():
    unittest.main()


if __name__ == "__main__":
    main()
