"""From a listing to running servers in one decision: its terms are accepted and the servers ordered together (一键部署)."""
