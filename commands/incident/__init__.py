"""The verbs of `/incident`."""
