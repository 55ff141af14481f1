"""The switch: measure or show, one version or two; then print."""

import json
import os
import shutil
import sys

from . import against, chart, machine, table
from .comparison import Comparison
from .paths import REPOSITORY
from .pyship import Pyship, no_core_dumps
from .record import Record
from .running import Failed, note, step
from .settings import Settings, parse


def main():
    """Runs the command; a step that failed ends it with one message."""
    options = parse()
    try:
        found = json.loads(options.saved.read_text()) if options.saved else measured(options)
        show(found, options)
        if found["failures"]:
            sys.exit(f"bench: failed: {', '.join(found['failures'])}")
    except Failed as failure:
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)


def measured(options):
    """Everything that was found, as JSON would have it."""
    if not shutil.which("strace"):
        raise Failed("strace is needed: it tells what the launcher executes")
    no_core_dumps()
    settings = Settings(options)
    pyship = Pyship(settings.pyship or built(), settings)
    record = Record(machine.about(settings, pyship))
    if options.against:
        against.Against(settings, pyship, record).run()
    else:
        Comparison(settings, pyship, record).run()
    record.about["load after"] = round(os.getloadavg()[0], 1)
    return record.everything()


def built():
    """This tree's release build, brought up to date."""
    note("building pyship")
    step(["cargo", "build", "--release", "--locked"], cwd=REPOSITORY)
    return REPOSITORY / "target/release/pyship"


def show(found, options):
    """Prints, saves and draws what was asked for."""
    text = json.dumps(found, indent=1)
    if options.save:
        options.save.write_text(text + "\n")
    if options.chart:
        options.chart.write_text(chart.drawn(found))
    print(text if options.json else table.table(found))
