"""Output formats, one module each: `EXTENSION`, `MEDIA_TYPE` and `render(edition) -> bytes`.

A new format is a new file here; feeds ask for it by its name (`formats: [name]`). `render` is pure:
the same edition gives the same bytes. `_content` prepares what all formats show of a story, so that
a format only writes it down. Modules that begin with `_` are no formats.
"""

LIST = "also-reported"
"""Class of the list of the other members, for who would style it or cut it off."""
