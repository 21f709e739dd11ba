"""Real servers, and a bad network in front of them, for tests: each private, on loopback, gone afterwards."""
