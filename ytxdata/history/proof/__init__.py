"""The rules of completeness: pure functions of what the answers held, with no I/O and no clock.

`rules` leads one sync through them: `ask_size` says how much to ask, `window` and `overlap` what each answer shows,
`verdict` what is granted, `certificate` what it all comes to.
"""
