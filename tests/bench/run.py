"""Proves what the benchmark computes, without measuring anything: python3 tests/bench/run.py"""

import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1] / "scripts"))
    found = unittest.defaultTestLoader.discover(str(HERE))
    sys.exit(not unittest.TextTestRunner().run(found).wasSuccessful())
