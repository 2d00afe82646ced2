"""The last step: stories in, files out; it starts in `publisher.Publisher`."""
