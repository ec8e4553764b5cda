"""Public images of a region's cloud, offered as ours: not copied, never deleted there, and kept fresh by the clock."""
