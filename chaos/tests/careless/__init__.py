"""An engine without transactions: each of its statements is its own commit."""
