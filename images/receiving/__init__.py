"""The bytes of uploads on their way in: to a file of this host (`receiver`), or to a spool that all hosts share (`shared`).

`receivers` says which it is; `progress` says how much counts, `limits` how much may come.
"""
