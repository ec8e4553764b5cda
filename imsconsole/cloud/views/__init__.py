"""Pages of servers and key pairs: one module per verb. They find through `visible_to` and call one service."""
