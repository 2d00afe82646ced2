"""Output formats, one module each: `EXTENSION`, `MEDIA_TYPE` and `render(edition) -> bytes`.

A new format is a new file here; feeds ask for it by its name (`formats: [name]`). `render` is pure:
the same edition gives the same bytes. `_content` prepares what all formats show of a story. Modules
that begin with `_` are helpers, not formats.
"""

LIST = "also-reported"
"""CSS class of the list of the other members, for styling or removal."""
