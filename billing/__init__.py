"""The domain, pure: values in, values out. No clock, no environment, no network."""
