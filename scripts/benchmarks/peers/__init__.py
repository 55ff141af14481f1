"""The ways in which people do without pyship, each as a class: how its file is built, how it is started.

`peer.py` says what a peer must tell; the other modules hold one each.
"""

from .nuitka import Nuitka
from .pex import Pex, PexVenv
from .pyapp import PyApp
from .pyinstaller import PyInstaller
from .shiv import Shiv

PEERS = (PyInstaller, Nuitka, Pex, PexVenv, Shiv, PyApp)
