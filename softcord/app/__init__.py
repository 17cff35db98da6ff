"""The application: command line, Hydra and everything that turns a configuration into library calls."""

import os

# NumPy's matrix products run in one thread, in this process and those it starts: the last bits of a resampled
# mask would otherwise depend on the number of threads, and so on the launcher. It has to be said before NumPy
# is imported. More threads are not faster for matrices as small as these.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
