"""One module per goal: what is measured, how, and what is good enough."""
