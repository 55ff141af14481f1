"""What the figures were measured on."""

import os
import platform
import time

from .paths import REPOSITORY
from .running import Failed, note, step


def about(settings, pyship):
    """Versions, the machine and how busy it was."""
    load = os.getloadavg()[0]
    if load > 0.5:
        note(f"the machine is busy (load {load:.1f}): unpacking and many starts at once need idle cores to be compared")
    return {
        "pyship": pyship.version,
        "commit": commit(),
        "smallest file by": " ".join(pyship.smallest()),
        "packages installed by": settings.installer,
        "python": f"CPython {settings.python_version}",
        "cpus": f"{os.cpu_count()} x {processor()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.1f} GB",
        "kernel": f"Linux {platform.release()}",
        "places": ", ".join(f"{kind} {path} ({file_system(path)})" for kind, path in settings.places),
        "load before": round(load, 1),
        "begun": time.strftime("%Y-%m-%d %H:%M"),
    }


def commit():
    """What git calls this tree; changes that aren't committed show as -dirty."""
    try:
        return step(["git", "-C", REPOSITORY, "describe", "--always", "--dirty", "--abbrev=10"]).strip()
    except Failed:
        return "not in git"


def processor():
    """The model, as the kernel knows it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def file_system(path):
    """The kind of the file system that holds a path."""
    path, best = os.path.realpath(path), ("", "unknown")
    with open("/proc/mounts", encoding="utf-8") as file:
        for line in file:
            _, mount, kind, *_ = line.split()
            inside = path == mount or path.startswith(mount.rstrip("/") + "/")
            if inside and len(mount) >= len(best[0]):
                best = mount, kind
    return best[1]
