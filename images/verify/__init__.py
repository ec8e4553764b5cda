"""Are stored bytes what they were, and does the store agree with the database?"""
