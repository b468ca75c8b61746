"""Stories: what everybody was told of a queue, and the judge who names what is wrong with it.

No engine is imported here: whoever keeps tasks in tables can be judged.
"""
