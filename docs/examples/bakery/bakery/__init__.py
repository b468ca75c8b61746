"""A bakery, whose loaves are baked in the background."""
