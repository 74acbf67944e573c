"""Many titles: what there is, what is left to do, doing it, and what came of it."""
