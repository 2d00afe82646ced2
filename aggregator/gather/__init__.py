"""The first step: fetches a source and stores its entries; `gatherer.Gatherer` is the entry point."""
