"""The table that people read: a block for each comparison, a line for each of its contestants."""

from .record import shown, title

# A build keeps one or two cores busy by itself, and the load is of the last minute.
BUSY = 2.5
HEAD = ("", "min", "median", "spread", "runs", "ratio")


def table(found):
    """All comparisons as text, after what was measured with what, and before the peers that are missing."""
    rows = []
    for entry in found["comparisons"]:
        rows.append((title(entry),))
        for name, result in entry["results"].items():
            rows.append(cells(name, result, entry["unit"]))
        rows.append(())
    full = [row for row in [HEAD, *rows] if len(row) == len(HEAD)]
    widths = [max(len(row[column]) for row in full) for column in range(len(HEAD))]
    lines = [about(found["about"]), "", aligned(HEAD, widths), aligned(["-" * width for width in widths], widths)]
    lines += [row[0] if len(row) == 1 else aligned(row, widths) for row in rows]
    lines += [f"failed: {app}: {reason.splitlines()[0]}" for app, reason in found["failures"].items()]
    lines += [f"not measured: {name}: {reason}" for name, reason in missing(found["peers"])]
    lines += [f"built on a busy machine (--rebuild builds anew): {name}" for name in busy(found["peers"])]
    return "\n".join(lines).rstrip()


def cells(name, result, unit):
    """One contestant's line."""
    least, median = shown(result["min"], unit), shown(result["median"], unit)
    versus = "" if result["ratio"] is None else f"{result['ratio']:.2f}"
    if result["runs"] == 1:
        return f"  {name}", "", median, "", "1", versus
    return f"  {name}", least, median, f"{result['spread']:.0%}", str(result["runs"]), versus


def aligned(row, widths):
    """Names to the left, numbers to the right."""
    if not row:
        return ""
    first, *numbers = row
    cells = [cell.rjust(width) for cell, width in zip(numbers, widths[1:])]
    return "  ".join([first.ljust(widths[0]), *cells]).rstrip()


def about(found):
    """The machine and the versions, in a few lines."""
    lines = [f"{key}: {value}" for key, value in found.items() if not isinstance(value, (dict, list))]
    return "\n".join(lines)


def missing(peers):
    """Peers that could not be had, with the reason in short."""
    for name, builds in peers.items():
        for app, build in builds.items():
            if "reason" in build:
                lines = build["reason"].strip().splitlines() or ["no reason given"]
                # What failed, and the last that it said.
                yield f"{name} for {app}", " ... ".join(dict.fromkeys([lines[0], lines[-1]]))


def busy(peers):
    """Peers whose build had to share the machine: their seconds say little."""
    for name, builds in peers.items():
        for app, build in builds.items():
            if build.get("load", 0) > BUSY:
                yield f"{name} for {app}, {build['seconds']:.0f} s at load {build['load']:.1f}"
