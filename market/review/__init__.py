"""The operator's side: publishers and versions to decide about, and what is withdrawn (§2.16)."""
