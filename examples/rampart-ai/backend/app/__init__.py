"""Looks at prompts before they reach a language model: injection attempts and personal data."""
