"""Simulates genomes and the Illumina reads of them, to train and to test a variant caller.

A truth VCF, with planted variants added, gives two haplotypes. Fragments are drawn from the haplotypes and sequenced. The
reads get the errors that were measured on real reads (a profile) or that ART states for an instrument.

Coordinates are 0-based and half-open, in bases of one contig, unless a text says otherwise. Sequences are numpy arrays of
upper-case ASCII (u8), or `str` where they are short. The same arguments give the same bytes: every draw comes from one
seeded generator, in a fixed order.

`python.sh -m simulation COMMAND --help` describes each command.
"""
