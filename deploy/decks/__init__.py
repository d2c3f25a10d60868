"""What people do with rate decks: drafts, differences, publishing, what it leads to."""
