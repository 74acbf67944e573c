"""Ground floor: errors, time, geometry, frame batches, identities. Numpy only, nothing of ours."""
