"""Measurements against floors; see ``bench/__main__.py``."""
