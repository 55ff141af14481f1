"""pex: a zip that an installed Python runs; it unpacks its packages, or makes a virtual environment of them, once."""

from .peer import Peer


class Pex(Peer):
    """The default: a zip file that starts as a zip file."""

    name = "pex zip"
    distribution = "pex"
    needs_python = True
    keeps = "PEX_ROOT"
    how = "(defaults)"

    options = ()

    def build(self, app, place):
        file = place / f"{app.name}.pex"
        words = [self.python(), "-m", "pex", *app.packages(), *self.options, "-o", file]
        # Modules of the app's directory, and the one that starts.
        words += ["-D", app.source, "-m", app.main.stem]
        words += ["--python", self.settings.python, "--python-shebang", self.settings.python]
        # Without what earlier builds left; downloads are pip's own.
        return file, self.timed([*words, "--disable-cache"])


class PexVenv(Pex):
    """A virtual environment is made at the first start; later ones get there by a few lines of shell."""

    name = "pex --venv --sh-boot"
    how = "--venv --sh-boot"
    options = ("--venv", "--sh-boot")
