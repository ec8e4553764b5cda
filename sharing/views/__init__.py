"""Pages of shares: the owner's, and the receiver's inbox."""
