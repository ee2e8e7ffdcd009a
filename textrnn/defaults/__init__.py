"""What is chosen for a person who does not choose: options of network and training that fit the data.

Whatever the user has set stays as set. `python -m benchmarks.defaults` compares the rules with others over corpora of
many sizes; its table stands in `benchmarks/RESULTS.md`.
"""
