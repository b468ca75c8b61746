"""The command line of ``nox -s chaos``: a file per subcommand."""
