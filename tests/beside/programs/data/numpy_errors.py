#!/usr/bin/env python3
# A warning of numpy in the program's line.
# packages: data
import numpy

numpy.array([1.0]) / numpy.array([0.0])
numpy.zeros(3).reshape(2)
