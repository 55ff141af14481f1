"""The default entry."""

import sys
from pathlib import Path

print("main", sys.argv[1:], sorted(path.name for path in Path(__file__).parent.iterdir() if path.name[0] not in "._"))
