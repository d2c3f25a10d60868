"""Bulk re-rating. Not built yet; the folder's README says what will live here."""
