"""Scores of models and texts."""
