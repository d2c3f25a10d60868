"""Fraud detection: a pure fold from call facts to incidents. See README.md."""
