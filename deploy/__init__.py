"""Command line, demo, process runner; `deploy.runtime` is the leaf all processes share."""
