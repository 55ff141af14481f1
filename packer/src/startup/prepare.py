

# --- Before the app's first line: called by `_pyship_run.pyc`


def _prepare():
    """Readies `sys.argv`, `sys.path` and `__main__`; returns the code to run in `__main__`."""
    global file
    file = _decode(_said[b"FILE"])
    main = sys.modules["__main__"].__dict__
    sys.path_importer_cache.pop(main["__file__"], None)
    if len(sys.path) > _path_length:
        del sys.path[0]  # The directory of `_pyship_run.pyc`.
    sys.argv[0] = _decode(_said[b"ARGV0"])
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = sys.argv
    if not sys.flags.no_site:
        for name, lines in _PTH:
            _process_pth(_APP + "/" + _SITE_PACKAGES, name, lines)
        if _SITECUSTOMIZE:
            import site

            site.execsitecustomize()
    return _ENTRIES[_ENTRY[0]](main, *_ENTRY[1:])


def _decode(value):
    """`os.fsdecode`, without the import."""
    return value.decode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())


def _process_pth(sitedir, name, lines):
    """What `site` does with a `.pth` file; `-nspkg.pth` files look for the local variable `sitedir`."""
    import builtins
    import io
    import os

    names = {"__name__": "site", "__builtins__": builtins}
    names.update(builtins=builtins, io=io, os=os, sys=sys)
    fullname = os.path.join(sitedir, name)
    for number, line in lines:
        try:
            if line.startswith(("import ", "import\t")):
                exec(line, names)
                continue
            path = os.path.abspath(os.path.join(sitedir, line.rstrip()))
            if path not in sys.path and os.path.exists(path):
                sys.path.append(path)
        except Exception:
            import traceback

            print(f"Error processing line {number} of {fullname}:\n", file=sys.stderr)
            for line in traceback.format_exc().splitlines():
                print("  " + line, file=sys.stderr)
            print("\nRemainder of file ignored", file=sys.stderr)
            break
