"""Tags of whatever has some: images, servers and disks (§2.22).

What may be typed, how many there may be, how they are changed, shown and looked for: the same for each of them.
Who may change those of a thing says its own room.
"""
