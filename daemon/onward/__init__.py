"""Onward: a no becomes a thank-you, an hour to learn from it, and a next step."""

import logging

__version__ = "0.1.0"

_parser_log = logging.getLogger("mailparser")  # it logs the headers it stumbles over, and mail stays out of logs
_parser_log.addHandler(logging.NullHandler())
_parser_log.propagate = False
