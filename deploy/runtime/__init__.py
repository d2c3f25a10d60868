"""Settings, logs and metrics: a leaf that imports nothing of ours."""
