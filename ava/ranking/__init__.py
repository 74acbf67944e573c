"""From scores to an ordered, explained, diverse set of candidates."""
