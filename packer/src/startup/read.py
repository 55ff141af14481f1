

def _read(path, size=-1):
    """What the file holds, which is `size` bytes, with as few system calls as it takes."""
    file = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        return posix.read(file, posix.fstat(file).st_size if size < 0 else size)
    finally:
        posix.close(file)
