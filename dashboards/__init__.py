"""The console: pages and a REST API over what ClickHouse stores. Reads only, in this version."""
