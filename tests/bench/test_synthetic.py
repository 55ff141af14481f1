"""The made-up package is the same everywhere."""

import hashlib
import random
import unittest

from benchmarks import synthetic


class Synthetic(unittest.TestCase):
    def test_modules_compile_and_are_always_the_same(self):
        texts = [synthetic.module(random.Random(7), 3) for _ in range(2)]
        self.assertEqual(*texts)
        space = {}
        exec(compile(texts[0], "module", "exec"), space)
        self.assertGreaterEqual(space["answer"](5), 0)

    def test_binaries_are_always_the_same(self):
        chance = random.Random(1)
        data = synthetic.binary(chance, synthetic.likeness(chance, 200_000), 300_000)
        self.assertEqual(len(data), 300_000)
        self.assertEqual(hashlib.sha256(data).hexdigest()[:16], "8073503ff8650c5d")
