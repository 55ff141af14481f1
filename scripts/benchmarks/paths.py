"""Where the repository is, and where things that are slow to make are kept between runs."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("PYSHIP_TEST_CACHE") or Path.home() / ".cache/pyship-tests") / "bench"
