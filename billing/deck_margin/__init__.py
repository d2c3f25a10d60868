"""Sell rates made from buy rates: what vendors charge, by rules of margin, rounded once."""
