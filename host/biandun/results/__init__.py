"""Results as values: one frozen dataclass for each kind of result.

The library and the command line return them; ``cli/output.py`` shows them as text or as JSON. Field
names are the names in ``--json``, in the same order, unless their metadata (``naming``) gives
another one.  Times are dates and datetimes in UTC, digests and keys are bytes.  What an office
answers keeps the office's own values: seconds, and names in hexadecimal.
"""
