"""Messages to people about things that happened while they were not looking.

`send` is the only door in; the sentence is made when it is read, in the reader's language. See docs/messages.md.
"""
