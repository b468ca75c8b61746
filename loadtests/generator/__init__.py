"""The load generator: Locust, driven by an order, open loop, and honest about itself.

It runs with the Python of a contender: everything here imports the standard library, Locust,
gevent, HdrHistogram and psutil; Django is imported by producers, bystanders and the driver's probe.
"""
