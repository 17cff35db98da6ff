"""Random transforms of training patches.

Each transform is a frozen dataclass of its ranges with two methods: ``draw`` takes a random generator and
returns the parameters (None where the transform is left out this time), ``apply`` is deterministic. What was
drawn can thus be logged and applied again. Images and soft masks are float32 tensors of shape (R-L, A-P,
S-I); masks are only ever interpolated linearly, and stay in [0, 1].
"""
