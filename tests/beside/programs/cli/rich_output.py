#!/usr/bin/env python3
# rich's tables, markup and tracebacks, not on a terminal.
# packages: cli
import io

from rich.console import Console
from rich.table import Table

console = Console(width=300, file=io.StringIO())
table = Table(title="numbers")
table.add_column("n")
table.add_row("1")
console.print(table, "[bold]bold[/bold]")
try:
    1 / 0
except ZeroDivisionError:
    console.print_exception(width=300)
for line in console.file.getvalue().splitlines():
    print(*line.split())  # The width of the columns depends on the length of the path.
