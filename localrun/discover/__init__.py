"""python -m localrun discover: writes a manifest from what a source's directory shows."""
