"""Lays out the picture of the workflow that pages show: lambdas/migration/web/workflow.json.

    python -m tools.picture            lays it out anew (needs node and npm)

What is drawn is the definition itself, in chapters, because a hundred states with all their arrows
in one drawing are a net that nobody reads: inside a chapter every arrow is a line, and one that
leaves it ends at the name of the state where it goes on. ELK lays the chapters out; nothing of it
runs when pages are written.
"""
