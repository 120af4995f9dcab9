"""`python -m ytxdata`: the command line where the program is not on the path."""

from __future__ import annotations

from ytxdata.cli import main

if __name__ == "__main__":
    main()
