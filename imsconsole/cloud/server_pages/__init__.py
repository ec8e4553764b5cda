"""The pages of servers, above all that they show of other rooms."""
