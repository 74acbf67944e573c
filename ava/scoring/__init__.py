"""Scorers behind one door: their contract, how they are found, how they are run, what comes out."""
