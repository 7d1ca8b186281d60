"""Where mail is written to: one module per kind of server, each a `ports.Target`."""
