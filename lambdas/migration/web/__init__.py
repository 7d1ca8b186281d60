"""The pages for people: how they look, and how one is made that loads nothing.

`base.html.j2` is the skeleton, `parts.html.j2` what pages are put together from, `page.css` how
they look. `scripts/` holds the project's own scripts, `vendor/` those of others. A page works
without scripts; with them its tables sort and filter and its charts are drawn.
"""
