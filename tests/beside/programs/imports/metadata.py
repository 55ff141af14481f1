#!/usr/bin/env python3
# importlib.metadata: versions, files, entry points.
# as: script console
# packages: cli
import importlib.metadata as metadata


def main():
    print(metadata.version("click"), metadata.metadata("rich")["Name"])
    print(sorted(each.metadata["Name"] for each in metadata.distributions()))
    files = metadata.files("click")
    print(len([file for file in files if file.suffix == ".py"]), files[0].locate().parent)
    found = metadata.entry_points()
    scripts = found.select(group="console_scripts") if hasattr(found, "select") else found["console_scripts"]
    print(sorted({each.name for each in scripts} & {"typer", "tqdm"}))
    print([each.load() for each in scripts if each.name == "tqdm"])
    try:
        metadata.version("not-there")
    except metadata.PackageNotFoundError as error:
        print(repr(error))


if __name__ == "__main__":
    main()
