"""A package with a data file."""

HERE = "package is here"
