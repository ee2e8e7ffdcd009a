"""Models of other programs become models of textrnn: so far those of Keras.

keras_archive   what an archive may hold, read by our own code: which layers, of which sizes
keras_weights   its arrays, read in a process of their own; the one module that opens HDF5
vocabulary      what the ids of the network mean, and the order that textrnn has them in
keras_models    the three together
"""
