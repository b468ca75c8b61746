"""Load profiles that find where a database saturates; not built yet."""
