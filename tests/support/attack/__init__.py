"""Attacks on the program: hostile inputs and scenario keys, kills, and faults of the machine.

``make attack`` runs many and ends with a table; a small share runs with the other tests.
"""
