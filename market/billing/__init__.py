"""What was used and what it cost: the ledger, its pages, and the income of publishers."""
