"""The contact sheets of a library, served to a team: what they decide is kept as they go."""
