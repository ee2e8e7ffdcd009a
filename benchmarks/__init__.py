"""Measurements of speed and quality that anyone can rerun; `RESULTS.md` keeps what they gave."""
