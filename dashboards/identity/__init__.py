"""Who may use the console: users, roles, sessions, API keys, and the log of what they did."""
