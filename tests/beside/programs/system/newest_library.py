#!/usr/bin/env python3
# What the standard library has since 3.14: zstd, templates, annotations, and the state of the lock.
# python: 3.14-3.99
import annotationlib
import compression.zstd as zstd
import string.templatelib
import sys
import sysconfig
import tarfile
import uuid


def annotated(value: Missing) -> list[int]: ...


data = b"text" * 10_000
print(zstd.decompress(zstd.compress(data)) == data, zstd.zstd_version_info > (1, 4), tarfile.TarFile.OPEN_METH["zst"])
print(annotationlib.get_annotations(annotated, format=annotationlib.Format.STRING))
print([type(part).__name__ for part in string.templatelib.Template("a", string.templatelib.Interpolation(1, "x"), "b")])
print(uuid.uuid7().version, sys._is_gil_enabled(), sysconfig.get_config_var("Py_GIL_DISABLED"))
