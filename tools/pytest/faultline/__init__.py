"""Faultline's driver: catalogue -> cells -> runner -> verdict -> results -> views.

Each arrow is one module that imports only what stands to its left:

    catalogue   what bugs there are (read from repro/*/BUILD.bazel)
    targets     where a program can run
    cells       bug x variant x target, and the selection of them
    protocol    the lines that a program prints
    runner      one process run, watched
    judge       what that run and all runs of a case mean (statistics in stats)
    conductor   which runs a cell needs, in which order, and the evidence of them
    results     the one JSON document
    views       terminal, JUnit, HTML, compare: each a function of that document

`plugin` makes all of it a pytest plugin; `cli` is the command.
"""

__version__ = "1.0"
