"""`kubectl marianne`: jobs steered and read from a terminal. Nothing is here that is not in the object."""
