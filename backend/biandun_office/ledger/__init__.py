"""The ledger (台账): what a unit has, as filings, documents and decisions have changed it.

The room is a seam: nothing stands here yet.  It will hold the eleven sections, quotas, posts,
people and their history.  It stands above ``evidence``, because every row cites the statement of
the log that said it (and the one that unsaid it), and below ``flow``, whose businesses change it.
What the directory of units and offices needs, and no filing changes, stays in ``registry``.

Why it is a room of its own: docs/decisions/0038-rooms-of-the-office.md.
"""
