"""The verbs of `/ops`."""
