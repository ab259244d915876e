"""What the simulated platform answers over HTTP, one module per system it stands for."""
