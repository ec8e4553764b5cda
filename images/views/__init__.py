"""Pages of images: one module per verb. They find through `visible_to`, ask a rule, call one service."""
