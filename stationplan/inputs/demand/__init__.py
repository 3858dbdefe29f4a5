"""What is known of demand: cells, counts, totals, observations, temperatures."""
