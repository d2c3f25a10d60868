"""Bulk re-rating: runs with a preview, an approval, an apply and a roll-back."""
