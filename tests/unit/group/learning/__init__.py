"""Tests of the parts of grouping."""
