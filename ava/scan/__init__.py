"""The single pass: every frame looked at once, shots found on the way, a shortlist kept per shot."""
