"""What is done with servers and key pairs. Each asks its rule under the row lock and leaves an audit row."""
