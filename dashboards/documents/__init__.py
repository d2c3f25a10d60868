"""Documents that people work on: accounts, drafts of decks, agreements, layouts, alerts."""
