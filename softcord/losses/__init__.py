"""Losses between a network's raw output and a soft (or hard) target mask.

Each is a module with ``forward(output, target) -> scalar`` on tensors of shape (batch, channel, ...). It
computes in float32 whatever the precision around it, and says by ``prediction_activation`` what turns the
output of a network trained with it into a soft mask.
"""
