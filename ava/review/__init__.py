"""Pages for designers: rendered from frozen contexts, autoescaped, without network."""
