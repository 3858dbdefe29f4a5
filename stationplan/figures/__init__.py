"""What every output counts, counted once."""
