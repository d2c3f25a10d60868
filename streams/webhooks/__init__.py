"""Alerts and run events posted to the addresses of other teams, signed, at least once."""
