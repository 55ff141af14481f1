"""What is measured, one measure a module.

Each takes any number of sides and runs them in turn, so that comparing pyship with its peers and comparing two versions
of it are the same functions.
"""
