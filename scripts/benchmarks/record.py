"""What was found: comparisons of named results, each a summary; checks; notes about peers and the machine."""

from .meaning import MEASURES
from .running import Failed, note
from .summary import ratio, summary


class Record:
    """Everything that the table, the chart and `--json` are made of."""

    def __init__(self, about):
        self.about = about
        self.apps, self.peers, self.failures, self.checks, self.comparisons = {}, {}, {}, [], []

    def each(self, apps, measure):
        """Measures app by app; what goes wrong with one takes nothing from the others, and is told at the end."""
        for app in apps:
            try:
                measure(app)
            except (Failed, OSError) as failure:
                self.failures[app] = str(failure)
                note(f"{app}: {failure}")

    def compared(self, app, measure, unit, results, place=None, detail=None):
        """One comparison; `results` maps names to lists of values or summaries, what is judged first.

        Units: `s` and `ms` for values in seconds, `MB` for bytes, empty for counts.
        """
        assert measure in MEASURES, measure
        found = {name: value if isinstance(value, dict) else summary(value) for name, value in results.items()}
        first = next(iter(found.values()))
        for name, result in found.items():
            result["ratio"] = None if result is first else ratio(first, result)
        entry = {"app": app, "measure": measure, "detail": detail, "place": place, "unit": unit, "results": found}
        self.comparisons.append(entry)
        note(said(entry))

    def checked(self, app, what, **found):
        """Notes that both sides were seen to do the same."""
        self.checks.append({"app": app, "checked": what, **found})

    def everything(self):
        """As JSON would have it."""
        measures = {name: {"compares": one, "checked": other} for name, (one, other) in MEASURES.items()}
        return {
            "about": self.about,
            "measures": measures,
            "apps": self.apps,
            "peers": self.peers,
            "failures": self.failures,
            "checks": self.checks,
            "comparisons": self.comparisons,
        }


def title(entry):
    """A comparison's name for people."""
    detail = f" ({entry['detail']})" if entry["detail"] else ""
    place = f", {entry['place']}" if entry["place"] else ""
    return f"{entry['app']}: {entry['measure']}{detail}{place}"


def said(entry):
    """A comparison in one line, as it is told while the benchmark runs."""
    parts = []
    for name, result in entry["results"].items():
        versus = f" ({result['ratio']:.2f})" if result["ratio"] is not None else ""
        parts.append(f"{name} {shown(result['median'], entry['unit'])}{versus}")
    return f"{title(entry)}: {'; '.join(parts)}"


def shown(value, unit):
    """A value with its unit."""
    if unit == "MB":
        return f"{value / 1e6:.2f} MB"
    if unit == "ms":
        return f"{value * 1e3:.2f} ms"
    if unit == "s":
        return f"{value:.2f} s"
    return f"{value:g}"
