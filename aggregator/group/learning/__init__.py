"""Learns the pair model from labelled entries, and says how well stories agree with them."""
