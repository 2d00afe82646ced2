"""The second step, entries in and stories out; `grouper.Grouper` is the entrance."""
