"""Ways out: SQL over an archive, and its present state as files that other people's tools read."""
