"""Where mail comes from: one file per kind of server."""
