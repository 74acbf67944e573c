"""Weight files and the networks that read them."""
