"""The market: publishers, listings, review, prices and the ledger."""
