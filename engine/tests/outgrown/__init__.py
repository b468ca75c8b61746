"""An app whose tasks go to a broker."""
