"""How the weights that come with ava were made. Not part of the wheel, and nothing of ava needs it."""
