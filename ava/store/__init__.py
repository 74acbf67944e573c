"""Results on disk: a folder per title, written atomically, readable without us."""
