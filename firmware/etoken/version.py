"""Which firmware this is: its name for people, and its number, which rises with each release."""

VERSION = "0.1.0"
NUMBER = 1
