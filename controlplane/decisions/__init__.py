"""The control loop and its memory."""
