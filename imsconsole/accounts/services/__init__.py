"""What changes accounts: one service per action, each leaves an audit row."""
