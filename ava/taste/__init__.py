"""Taste groups: which artwork for whom, and how we know."""
