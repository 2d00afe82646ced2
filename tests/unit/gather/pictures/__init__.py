"""Tests of the pictures of stories."""
