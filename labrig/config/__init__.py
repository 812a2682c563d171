"""Closed models of what a user writes, and loading with messages that name file, line and key."""
