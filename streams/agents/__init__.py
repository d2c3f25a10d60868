"""The agents: thin, effects only. Each one never lets an exception out (docs/delivery.md)."""
