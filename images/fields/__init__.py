"""What every image says of itself: the rules of its fields, their form fields, its row, what encrypts its disks."""
