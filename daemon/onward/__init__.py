"""Onward: a no becomes a thank-you, an hour to learn from it, and a next step."""

__version__ = "0.1.0"
