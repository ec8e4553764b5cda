"""What running servers use: measured by the clock, kept for a day, drawn as plots."""
