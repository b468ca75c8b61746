"""The control subject under every order of its statements: its bugs are known, so they are found.

django-background-tasks 1.2.8 imports as ``background_task`` like the reference engine, so what
calls it runs in an environment and a process of its own, ``python -m properties.control.hunt``.
There is no name of our engine in there: sessions, story and judge know none.
"""
