"""Credit: what an account may still spend, and what its calls in progress have been promised."""
