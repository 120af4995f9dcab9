"""`ytxdata emulator`: the platform's other end on this machine."""
