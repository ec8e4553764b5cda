"""Files on their way in: received in pieces, inspected and hashed as they come, kept until they become an image.

`images.receiving` takes bytes from wherever they come: `handler` feeds it from a plain form, `append` from one request of
the tus protocol (whose words are in `tus`); `conclusion` ends every way in.
"""
