"""The seller's side: listings and their versions, from the draft over scan and review to the market."""
