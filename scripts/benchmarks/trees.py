"""What a directory tree holds, to see whether two are the same."""

import os


def listing(root):
    """Relative path, kind and size of everything below a directory."""
    found = []
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            kind = status.st_mode & 0o170000
            # A directory's size is the file system's business.
            size = 0 if kind == 0o040000 else status.st_size
            found.append((os.path.relpath(path, root), kind, size))
    return sorted(found)


def files_and_bytes(root):
    """How many regular files, and how many bytes they hold."""
    sizes = [size for _, kind, size in listing(root) if kind == 0o100000]
    return len(sizes), sum(sizes)
