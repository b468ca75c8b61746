"""What is tested, and what it runs on."""
