"""Whole flows: a home in a temporary folder, a mail in, rows and effects out."""
