"""Demonstration books, their loader and the log-ins to look at them.

Only the model is imported: the rest is loaded when somebody asks for it.
"""

from . import demo_model
