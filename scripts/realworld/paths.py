"""Where things are."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ENTRIES = REPOSITORY / "tests/packages.toml"
SEEN = REPOSITORY / "docs/packages.json"
TOOLS = REPOSITORY / "tests/tools"


def test_cache():
    """The tests' cache directory; scripts/setup and the tests use the same."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ["HOME"], ".cache")
    return Path(os.environ.get("PYSHIP_TEST_CACHE") or os.path.join(cache, "pyship-tests"))


def pyship():
    """The program that packs."""
    return Path(os.environ.get("PYSHIP_BIN") or REPOSITORY / "target/release/pyship").resolve()
