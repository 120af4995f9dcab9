"""How the archive lies on the disk: heads that name files, files that hold rows, and the one writer at a time."""
