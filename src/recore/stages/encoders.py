"""Stage encoders: the file of every row's encoder, under the row's name.

A row of ``variants.plain`` or ``variants.hybrid`` may name another's file (``encoder``), which DVC cannot follow. Its
cells depend on the copy here, so that an edited file trains the rows that use it, and no others.
"""

import argparse
import shutil

from recore import artifacts, params, paths
from recore.stages import run


def main(argv: list[str] | None = None) -> None:
    argparse.ArgumentParser(prog="recore.stages.encoders", description=__doc__.splitlines()[0]).parse_args(argv)
    given = params.load()
    rows = given.at("variants.plain") | given.at("variants.hybrid")
    with artifacts.new_folder(paths.ENCODERS) as out:
        for name, row in rows.items():
            shutil.copyfile(paths.variant_file(row.get("encoder", name)), out / paths.encoder(name).name)


if __name__ == "__main__":
    run(main)
