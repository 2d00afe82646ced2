"""The last step, stories in and files out; `publisher.Publisher` is the entrance."""
