"""Questions about an atmosphere: fields on a sphere, one question a file."""
