"""What a key does with input that nobody meant: a million inputs under MicroPython, guided ones
under CPython.
"""
