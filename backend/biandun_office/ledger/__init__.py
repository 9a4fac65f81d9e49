"""The ledger (台账): what a unit has, as filings, documents and decisions have changed it.

The room has no code yet.  It will hold the eleven sections, quotas, posts, people and their
history.  It is above ``evidence``, because every row cites the statement in the log that made it
valid (and the one that ended it), and below ``flow``, whose businesses change it.  Data of the
directory of units and offices that no filing changes stay in ``registry``.

Why it is a room of its own: docs/decisions/0038-rooms-of-the-office.md.
"""
