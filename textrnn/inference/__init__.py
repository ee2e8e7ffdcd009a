"""Networks, sampling and generation in NumPy; no TensorFlow."""
