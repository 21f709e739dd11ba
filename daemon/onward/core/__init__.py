"""Pure decisions: no clock, file, socket, database, randomness or logging."""
