"""Indels of every length in simulated reads, and how many of them each caller finds.

Apart from the package's other simulator: reads are aligned as a perfect aligner would, so that a caller is judged and no
aligner. Sequences are `str`, and draws come from Python's own generator.
"""
