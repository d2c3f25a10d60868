"""Endpoints, one file a noun. They answer from the latest snapshot and never ask ClickHouse."""
