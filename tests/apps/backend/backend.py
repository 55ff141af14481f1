"""A build backend that needs nothing: the wheel has the files of src/, and those of data/ below the prefix.

METADATA and, if it is there, entry_points.txt are written by hand beside pyproject.toml.
"""

import os
import zipfile


def build_wheel(directory, config_settings=None, metadata_directory=None):
    with open("METADATA") as file:
        metadata = file.read()
    fields = dict(line.split(": ", 1) for line in metadata.splitlines() if ": " in line)
    stem = "%s-%s" % (fields["Name"].replace("-", "_"), fields["Version"])
    name = stem + "-py3-none-any.whl"
    info = stem + ".dist-info/"
    wheel = "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as archive:
        names = [info + "WHEEL", info + "METADATA"]
        archive.writestr(info + "WHEEL", wheel)
        archive.writestr(info + "METADATA", metadata)
        if os.path.exists("entry_points.txt"):
            archive.write("entry_points.txt", info + "entry_points.txt")
            names.append(info + "entry_points.txt")
        for top, prefix in ("src", ""), ("data", stem + ".data/data/"):
            for found, _, files in os.walk(top):
                for file in files:
                    path = os.path.join(found, file)
                    names.append(prefix + os.path.relpath(path, top))
                    archive.write(path, names[-1])
        record = "".join(line + ",,\n" for line in names + [info + "RECORD"])
        archive.writestr(info + "RECORD", record)
    return name


build_editable = build_wheel
