"""The collector: switches' files and posts -> messages of cdr.raw, each record once."""
