"""The stream: call records in, rated money out. Talks to `rerate` and `dashboards` by topics."""
