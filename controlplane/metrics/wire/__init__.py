"""Bytes of one wire format → samples and faults. Pure: no Django, no clock, no database."""
