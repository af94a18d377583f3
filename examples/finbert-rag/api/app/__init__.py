"""Searches financial news by the meaning of a question."""
