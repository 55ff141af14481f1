"""Summaries, and who runs in which round."""

import unittest

from benchmarks.summary import differences, ratio, summary
from benchmarks.turns import how_many, takes_part


class Summary(unittest.TestCase):
    def test_median_minimum_and_spread(self):
        found = summary([5.0, 1.0, 2.0, 4.0, 3.0, 6.0, 7.0, 8.0, 9.0, 10.0])
        self.assertEqual((found["runs"], found["min"], found["median"]), (10, 1.0, 5.5))
        self.assertAlmostEqual(found["spread"], 9 / 5.5)
        self.assertEqual(found["values"][0], 5.0, "in the order of the runs")

    def test_spread_leaves_out_a_tenth_at_both_ends(self):
        self.assertEqual(summary([0] + [10] * 28 + [1000])["spread"], 0)

    def test_one_value(self):
        found = summary([3])
        self.assertEqual((found["min"], found["median"], found["spread"]), (3, 3, 0))

    def test_zeros(self):
        self.assertEqual(summary([0, 0])["spread"], 0)
        self.assertIsNone(ratio(summary([1]), summary([0])))

    def test_ratio_is_of_medians(self):
        self.assertEqual(ratio(summary([1, 2, 9]), summary([4, 4, 4])), 0.5)

    def test_differences_are_of_pairs(self):
        found = differences([10, 21, 33], [9, 19, 30])
        self.assertEqual((found["median"], found["min"]), (2, 1))


class Turns(unittest.TestCase):
    def test_a_limit_gives_fewer_runs_but_not_too_few(self):
        self.assertEqual(how_many(None, 5, 5, 40), 40)
        self.assertEqual(how_many(15, 1, 5, 40), 15)
        self.assertEqual(how_many(5, 3, 5, 40), 5)
        self.assertEqual(how_many(5, 0.001, 5, 40), 40)

    def test_runs_lie_apart(self):
        for rounds in (3, 10, 40):
            for wanted in range(1, rounds + 1):
                taken = [number for number in range(rounds) if takes_part(number, wanted, rounds)]
                self.assertEqual(len(taken), wanted)
                gaps = [later - earlier for earlier, later in zip(taken, taken[1:])]
                self.assertLessEqual(max(gaps, default=1) - min(gaps, default=1), 1)
