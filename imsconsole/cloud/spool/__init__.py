"""Where bytes wait between a browser, a web host and a worker, and between two jobs.

A spool has one file for each owner, a row whose ID is its name. `folder` keeps them on this
host, `shared` in S3, where any host goes on with what another one began.
"""
