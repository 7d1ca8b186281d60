"""Runs what is deployed: the states language, Lambda functions, and the synthesized template."""
