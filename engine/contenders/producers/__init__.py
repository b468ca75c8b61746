"""How each contender's tasks are enqueued: modules with the functions of ``Producer``.

They run in the generator, with the contender's Python, and import the contender.
"""
