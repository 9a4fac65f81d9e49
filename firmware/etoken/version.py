"""The version of this firmware for people, and its release number, which only rises."""

VERSION = "0.1.0"
NUMBER = 1
