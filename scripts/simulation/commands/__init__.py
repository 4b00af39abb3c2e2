"""One module a command: its docstring is the help, add_arguments declares its options, run carries it out."""
