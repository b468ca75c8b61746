"""A shop that charges cards and ships parcels."""
