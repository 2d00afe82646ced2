"""The first step, one source in and its entries stored; `gatherer.Gatherer` is the entrance."""
