"""A network on one machine for tests of the running daemon: hosts that are network
namespaces, real programs on them, and Mosaic beside or inside the path between.

Nothing outlives the test that made it: whatever is started dies with the process that
started it, also when that is killed, and a namespace goes with its last process.
"""
