"""How fast the reference engine is, beside others, beside its floor, and from one hour to the next.

A load test offers a load and asks what comes of it; a benchmark asks for a speed. Each one is a
file here, named as on the command line.
"""
