"""What a new version of a deck changes: every code's charge now against its charge with it."""
