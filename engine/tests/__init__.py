"""The tests of the reference engine: one module per module of the engine, on every database."""
