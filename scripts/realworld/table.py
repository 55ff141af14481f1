"""docs/packages.md, from results that runs have saved."""

from .entries import ROOTS

HEAD = """# Packages of the real world

`tests/packages.toml` has a short program for each of these packages, which uses it for real. `scripts/packages` runs it in a
virtual environment, packs it with `pyship pack main.py --venv .venv`, and runs the file in an empty root directory and in
one with musl's loader, each with `/proc`, `/dev`, an empty `/tmp` and a loopback interface. Standard output and the exit
code must be the same. There are no hooks for any package.

The table holds what was seen, on x86-64 with CPython 3.12; it is made from `packages.json`, to which `scripts/packages --save`
adds. The size is that of the packed file with the interpreter, at `--level 1`. CI runs twelve of the smaller packages, which
rotate by date.

"""


def table(entries, results):
    """The document."""
    rows = [row(entries[name], found) for name, found in sorted(results.items()) if name in entries]
    works = sum(found["verdict"] == "ok" for name, found in results.items() if name in entries)
    titles = ["package", "version", "venv", "empty root", "musl root", "MB", "what it took"]
    lines = [titles, [*["---"] * 5, "---:", "---"], *rows]
    count = f"{works} of {len(rows)} packages do the same everywhere.\n\n"
    return HEAD + count + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def row(entry, found):
    size = f"{found['size'] / 1e6:.0f}" if "size" in found else ""
    places = [cell(found.get(place, "not run")) for place in ("venv", *ROOTS)]
    if found["verdict"] not in ("ok", "known") and "failed" in found:
        return [entry.name, found.get("version", ""), *places, size, found["failed"].replace("|", "\\|")]
    return [entry.name, found.get("version", ""), *places, size, "; ".join(filter(None, [entry.takes, entry.fails]))]


def cell(seen):
    return seen if seen in ("ok", "not run") else "fails"
