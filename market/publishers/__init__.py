"""Publishers: an account applies, the operator decides (§2.16)."""
