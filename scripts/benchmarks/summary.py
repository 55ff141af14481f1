"""Lists of values, and what is said of them: minimum, median, spread."""

import statistics


def summary(values):
    """Spread is (p90 - p10) / median: what a busy moment of the machine adds to one run doesn't move it."""
    ordered = sorted(values)
    tenth = max(0, round(len(ordered) * 0.1) - 1)
    median = statistics.median(ordered)
    width = ordered[-1 - tenth] - ordered[tenth]
    return {
        "runs": len(ordered),
        "min": ordered[0],
        "median": median,
        "spread": width / abs(median) if median else 0.0,
        "values": list(values),
    }


def ratio(ours, other):
    """Ours in units of the other's median; None where that says nothing."""
    return ours["median"] / other["median"] if other["median"] else None


def differences(longer, shorter):
    """A summary of what the first list takes more than the second, pair by pair.

    The minimum is the difference of both minima: that of single pairs is mostly noise.
    """
    found = summary([one - other for one, other in zip(longer, shorter)])
    found["min"] = min(longer) - min(shorter)
    return found
