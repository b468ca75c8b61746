"""Turns stored runs into pages that people read. Reads files and measures nothing."""
