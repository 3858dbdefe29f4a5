"""Speed, shown as ratios against named peers or limits in one run: ``make benchmarks``."""
