"""What can be run: worlds and simulators in JAX, a user's own step on the host, and files of rollouts."""
