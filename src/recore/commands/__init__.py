"""What `python -m recore` calls (``recore.__main__``); nothing imports it."""
