"""What a session came to, for other programs: JSON, JUnit XML and Markdown."""
