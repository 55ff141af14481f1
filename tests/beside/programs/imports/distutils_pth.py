#!/usr/bin/env python3
# setuptools' .pth file and the distutils of its own.
# packages: setup
import sys

import setuptools
import distutils

print(distutils.__file__, "_distutils_hack" in sys.modules, setuptools.__version__)
