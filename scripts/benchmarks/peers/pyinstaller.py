"""PyInstaller: traces imports and packs what it finds; its one file unpacks itself at every start."""

from .peer import Peer


class PyInstaller(Peer):
    """One file, built without what earlier builds left."""

    name = "PyInstaller"
    distribution = "pyinstaller"
    how = "--onefile --clean"

    def build(self, app, place):
        words = [self.python(app), "-m", "PyInstaller", *self.how.split(), "--noconfirm", "--log-level", "ERROR"]
        words += ["--distpath", place, "--workpath", place / "work", "--specpath", place, "--name", app.name]
        for data in app.data_files():
            words += ["--add-data", f"{data}:."]
        seconds = self.timed([*words, app.main], PYINSTALLER_CONFIG_DIR=place / "config")
        return place / app.name, seconds
