"""The picture for docs/performance.md: horizontal bars, a row for each measure, a panel for each app.

Every panel has a scale of its own, since a hello takes milliseconds where pandas takes hundreds; the number stands at
the bar's end. It is an SVG without scripts and fonts of its own; its colours follow the reader's light or dark mode.
"""

from xml.sax.saxutils import escape

MEASURES = (("warm start", "ms", "Every later start"), ("first start", "ms", "First start"), ("size", "MB", "Size"))
APPS = ("hello", "web", "sci")

LEFT, PANEL, GAP = 172, 236, 18  # names, a panel, between panels
LINE, BAR = 20, 12  # a contestant, its bar
NUMBER = 74  # room for the number after the longest bar
TOP, TITLE, BETWEEN, FOOT = 62, 30, 14, 40
LEAST = 480  # what the lines at the bottom need

STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.small { font-size: 12px; fill: #57606a }
.ours { fill: #0969da }
.other { fill: #afb8c1 }
.bold { font-weight: 600 }
.axis { stroke: #d0d7de }
.paper { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .small { fill: #9198a1 }
  .ours { fill: #4493f8 }
  .other { fill: #57606a }
  .axis { stroke: #3d444d }
  .paper { fill: #0d1117 }
}
"""


def drawn(found):
    """The chart of a record, as text."""
    apps = [name for name in APPS if name in found["apps"]]
    bands = [(name, unit, heading, chosen(found, name, apps)) for name, unit, heading in MEASURES]
    bands = [band for band in bands if any(band[3].values())]
    width = max(LEAST, LEFT + len(apps) * (PANEL + GAP))
    parts, top = [], TOP
    for column, app in enumerate(apps):
        parts.append(text(LEFT + column * (PANEL + GAP), TOP - 14, app, "bold"))
    for name, unit, heading, results in bands:
        order = contestants(results)
        parts.append(text(8, top + 18, f"{heading}", "title"))
        for row, contestant in enumerate(order):
            middle = top + TITLE + row * LINE + LINE / 2
            parts.append(text(LEFT - 10, middle + 4, contestant, "bold" if ours(contestant) else None, "end"))
            for column, app in enumerate(apps):
                left = LEFT + column * (PANEL + GAP)
                value = results[app].get(contestant)
                longest = max(results[app].values(), default=0)
                parts.append(bar(left, middle, value, longest, unit, ours(contestant)))
        for column in range(len(apps)):
            left = LEFT + column * (PANEL + GAP) - 0.5
            bottom = top + TITLE + len(order) * LINE
            parts.append(f'<line class="axis" x1="{left}" y1="{top + TITLE}" x2="{left}" y2="{bottom}"/>')
        top += TITLE + len(order) * LINE + BETWEEN
    about = found["about"]
    foot = (f"{about['python']}, {about['cpus']}", "Medians, shorter is better. * needs a Python on the machine.")
    parts += [text(8, top + 8 + 18 * number, line, "small") for number, line in enumerate(foot)]
    head = text(8, 24, "pyship and what people do without it", "title")
    return document(width, top + FOOT, [head, *parts])


def chosen(found, measure, apps):
    """For each app the medians of a measure by contestant, in the first place where it was measured."""
    results = {app: {} for app in apps}
    for entry in found["comparisons"]:
        app = entry["app"]
        if entry["measure"] == measure and app in results and not results[app]:
            # What `cp -r` takes is no way to start a program.
            results[app] = {name: one["median"] for name, one in entry["results"].items() if name != "cp -r"}
    return results


def contestants(results):
    """Everybody who is in any panel: pyship first, then in the order of the panels."""
    names = [name for found in results.values() for name in found]
    return sorted(dict.fromkeys(names), key=lambda name: not ours(name))


def ours(contestant):
    """Whether it is pyship, at whatever level."""
    return contestant.startswith("pyship")


def bar(left, middle, value, longest, unit, is_ours):
    """One bar and its number; a dash for what wasn't measured."""
    if value is None:
        return text(left + 6, middle + 4, "–", "small")
    length = max(1.0, (PANEL - NUMBER) * value / longest) if longest else 1.0
    kind = "ours" if is_ours else "other"
    number = text(round(left + length + 6, 1), middle + 4, amount(value, unit), "bold" if is_ours else None)
    place = f'x="{left}" y="{middle - BAR / 2}" width="{length:.1f}" height="{BAR}"'
    return f'<rect class="{kind}" {place} rx="2"/>{number}'


def amount(value, unit):
    """Two or three digits: the spread allows no more."""
    value = value * 1e3 if unit == "ms" else value / 1e6
    digits = 0 if value >= 100 else 1 if value >= 1 else 2
    return f"{value:,.{digits}f} {unit}"


def text(x, y, words, kind=None, anchor=None):
    """A text element."""
    attributes = f' class="{kind}"' if kind else ""
    attributes += f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x}" y="{y}"{attributes}>{escape(words)}</text>'


def document(width, height, parts):
    """The whole file."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img">\n<style>{STYLE}</style>\n'
        f'<rect class="paper" width="{width}" height="{height}" rx="6"/>\n{body}\n</svg>\n'
    )
