"""Results that stay: docs/results/NAME holds a grid, the ranks of its runs and all that is published of them.

Everything but the ranks follows from them by today's code (``tables``), and ``check`` shows that it does. What is here
is called by `python -m recore record`; nothing else imports it.
"""
