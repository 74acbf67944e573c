"""Where titles are worked on: here, or on a cluster."""
