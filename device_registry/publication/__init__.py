"""What the registry holds, brought to `registry.devices`, and the proof that it got there."""
